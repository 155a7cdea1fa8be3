"""What the Compare tab gives to programs: the same run, and words for what they ask wrongly."""

import pytest
from fake_machine import fake
from gradio_client import Client
from gradio_client.exceptions import AppError


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"max_tokens": "many"}, "Max tokens is “many”"),
        ({"max_tokens": -1}, "Max tokens is “-1”"),
        ({"temperature": "NaN"}, "Temperature is “NaN”"),
        ({"raw": "perhaps"}, "Keep what follows is “perhaps”"),
        ({"prompt": ""}, "The prompt is empty"),
        ({"model_1": "gpt-9"}, "tinyllama"),
        ({"model_1": "/etc/passwd"}, "There is no model “/etc/passwd” here"),
        ({"model_1": ["solar"]}, "There is no model"),
        ({"quant_1": "Q9_9"}, "Q8_0"),
    ],
)
def test_the_api_says_what_is_wrong(serve, asked, said):
    client = Client(serve(fake()), verbose=False)
    values = {"prompt": "hello", "model_3": None, "model_4": None}
    values |= {f"quant_{place}": None for place in range(1, 5)}
    with pytest.raises(AppError, match=said):
        client.predict(**{**values, **asked}, api_name="/run")


def test_the_api_runs(serve):
    client = Client(serve(fake(["An answer.", "Another."])), verbose=False)
    values = {"prompt": "hello", "model_3": None, "model_4": None}
    values |= {f"quant_{place}": None for place in range(1, 5)}
    job = client.submit(**values, api_name="/run")
    job.result(timeout=30)
    assert "An answer." in str(job.outputs()) and "Another." in str(job.outputs())
