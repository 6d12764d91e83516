from urllib.parse import urlsplit

import pytest

from draglive.app.models.catalogue import find_model, known_models
from draglive.app.models.errors import UnknownModelError

UPSTREAM = {"nvlabs-fi-cdn.nvidia.com", "api.ngc.nvidia.com", "storage.googleapis.com"}


def test_the_catalogue_is_sound():
    models = known_models()
    assert len({m.name for m in models}) == len({m.url for m in models}) == len(models)
    for model in models:
        url = urlsplit(model.url)
        assert (url.scheme, url.hostname in UPSTREAM) == ("https", True)
        assert model.file_name == f"{model.name}.pkl"
        assert model.pixels in (32, 256, 512, 1024)
        assert model.licence.name
        assert urlsplit(model.licence.url).scheme == "https"
        assert model.sha256 is None or len(bytes.fromhex(model.sha256)) == 32


def test_a_name_that_is_not_there_is_answered_with_one_that_is():
    models = known_models()
    assert find_model("lions-512", models).about.startswith("Lions")
    with pytest.raises(UnknownModelError, match="did you mean lions-512"):
        find_model("lion-512", models)
    with pytest.raises(UnknownModelError, match="`draglive models` lists them"):
        find_model("zzz", models)
