from __future__ import annotations

import pytest

from slither_worker.hints import hint_for


@pytest.mark.parametrize(
    ("module", "name", "hint"),
    [
        ("pandas", "DataFrame", "convert it with value.to_dict('records')"),
        ("pandas.core.frame", "DataFrame", "convert it with value.to_dict('records')"),
        ("polars.dataframe.frame", "DataFrame", "convert it with value.to_dicts()"),
        ("scipy.sparse._matrix", "spmatrix", "convert it with value.toarray()"),
        ("torch", "Tensor", "convert it with value.detach().cpu().numpy()"),
    ],
)
def test_a_class_of_a_library_is_known_by_its_name_wherever_it_is_defined(
    module: str, name: str, hint: str
) -> None:
    known = type(name, (), {"__module__": module})
    derived = type("Derived", (known,), {})

    assert hint_for(known()) == hint
    assert hint_for(derived()) == hint


def test_everything_else_can_be_kept_in_python() -> None:
    assert hint_for(object()) == "use session.create(...) to keep it in Python and get a ref"
