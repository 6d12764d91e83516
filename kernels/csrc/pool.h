// Threads that help, and are never waited for unless they are at work.
//
// A stage is a number of items. The calling thread offers them, takes them one by one itself, and
// whoever else has a core at that moment takes some too; it ends when all items are done. So a
// helper that the system has put aside for a moment (the window draws, another program runs) costs
// nothing, where a barrier would wait for it. The default model's windowed step on two cores with
// AMX, medians: 1.5 ms in place of OpenMP's 2.6; beside a program that keeps a core busy 7 ms, where
// OpenMP's forward alone took 25 to 68.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace draglive {

class Pool {
 public:
  static Pool& shared() {
    static Pool* pool = new Pool;  // never destroyed: its threads end with the process
    return *pool;
  }

  // work(item) for every item, by up to `threads` threads with this one.
  template <class Work>
  void run(int threads, int items, const Work& work) {
    std::unique_lock<std::mutex> only(busy_, std::try_to_lock);
    if (threads < 2 || items < 2 || !only.owns_lock()) {  // another thread is being helped
      for (int item = 0; item < items; ++item) work(item);
      return;
    }
    wake(threads - 1);
    call_ = [](const void* of, int item) { (*static_cast<const Work*>(of))(item); };
    work_ = &work;
    done_.store(0, std::memory_order_relaxed);
    const std::uint32_t turn = ++turn_;
    state_.store(State{turn, items}.packed(), std::memory_order_release);
    take_items(turn);
    while (done_.load(std::memory_order_acquire) < items) pause();
  }

 private:
  // The turn and how many of its items nobody has taken yet, in one word: an item of a turn that
  // is over cannot be taken.
  struct State {
    std::uint32_t turn;
    std::int32_t left;
    std::uint64_t packed() const {
      return std::uint64_t{turn} << 32 | static_cast<std::uint32_t>(left);
    }
    static State of(std::uint64_t word) {
      return {static_cast<std::uint32_t>(word >> 32), static_cast<std::int32_t>(word)};
    }
  };

  static constexpr int SPINS = 4000;  // about 100 µs, longer than from one stage to the next

  void take_items(std::uint32_t turn) {
    std::uint64_t word = state_.load(std::memory_order_acquire);
    for (;;) {
      const State state = State::of(word);
      if (state.turn != turn || state.left == 0) return;
      const auto call = call_.load(std::memory_order_relaxed);
      const void* work = work_.load(std::memory_order_relaxed);
      if (!state_.compare_exchange_weak(word, State{turn, state.left - 1}.packed(),
                                        std::memory_order_acq_rel, std::memory_order_acquire))
        continue;
      call(work, state.left - 1);
      done_.fetch_add(1, std::memory_order_release);
      word = state_.load(std::memory_order_acquire);
    }
  }

  void wake(int helpers) {
    for (; helpers_ < helpers; ++helpers_) std::thread([this] { help(); }).detach();
    if (asleep_.load() == 0) return;
    const std::lock_guard<std::mutex> lock(sleep_);
    woken_.notify_all();
  }

  void help() {
    int idle = 0;
    for (;;) {
      const State state = State::of(state_.load(std::memory_order_acquire));
      if (state.left > 0) {
        take_items(state.turn);
        idle = 0;
      } else if (++idle < SPINS) {
        pause();
      } else {
        std::unique_lock<std::mutex> lock(sleep_);
        ++asleep_;
        woken_.wait(lock);
        --asleep_;
        idle = 0;
      }
    }
  }

  static void pause() {
#if defined(__x86_64__)
    _mm_pause();
#else
    std::this_thread::yield();
#endif
  }

  std::mutex busy_, sleep_;
  std::condition_variable woken_;
  std::atomic<int> asleep_{0};
  int helpers_ = 0;
  std::uint32_t turn_ = 0;
  std::atomic<std::uint64_t> state_{0};
  std::atomic<int> done_{0};
  std::atomic<void (*)(const void*, int)> call_{nullptr};
  std::atomic<const void*> work_{nullptr};
};

// The threads that one synthesis may use.
struct Team {
  int threads;

  template <class Work>
  void each(int items, const Work& work) const {
    Pool::shared().run(threads, items, work);
  }

  // work(from, to) for parts of 0 to `total` - 1.
  template <class Work>
  void parts(int total, const Work& work) const {
    const int count = total < 4 * threads ? total : 4 * threads;
    each(count, [&](int part) {
      work(static_cast<int>(static_cast<long>(total) * part / count),
           static_cast<int>(static_cast<long>(total) * (part + 1) / count));
    });
  }
};

}  // namespace draglive
