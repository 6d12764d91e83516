// Scratch memory of threads: as many places as threads may work at once.
#pragma once

#include <atomic>
#include <vector>

namespace draglive {

template <class T>
class Places {
 public:
  // make(value) for each of `threads` places.
  template <class Make>
  void take(int threads, const Make& make) {
    places_ = std::vector<Place>(threads);
    for (Place& place : places_) make(place.value);
  }

  // work(value) with one that no other thread has meanwhile.
  template <class Work>
  void use(const Work& work) const {
    Place& place = claim();
    work(place.value);
    place.taken.clear(std::memory_order_release);
  }

 private:
  struct Place {
    T value;
    std::atomic_flag taken = ATOMIC_FLAG_INIT;
  };

  Place& claim() const {
    for (;;)
      for (Place& place : places_)
        if (!place.taken.test_and_set(std::memory_order_acquire)) return place;
  }

  mutable std::vector<Place> places_;
};

}  // namespace draglive
