"""The only Ray: a deployment a model, each replica with an engine of its own, behind one address.

Ray starts the replicas, on whichever machine of the cluster has room, and more of them as they are asked
more (docs.ray.io/en/latest/serve/autoscaling-guide.html). Nothing here schedules.
"""

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from ray import serve
from ray.serve.config import AutoscalingConfig, HTTPOptions
from ray.serve.exceptions import BackPressureError

from compare.asked.settings import LoadSettings
from compare.models.spec import parse
from compare.serve import chat, door
from compare.serve.engine import Engine
from compare.usage import UsageError

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = ["/.?*", "/tests", "/prompts", "*.gguf", "__pycache__"]
"""of what a cluster's other machines are sent"""
AGAIN_S = 5
"""when to come back where all are full"""
UPSCALE_S = 3
"""for how long it must be asked more before there are more replicas"""
NO_KEY = "The key is missing, or isn't that of this server. Send it as Authorization: Bearer KEY."


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be served, and where."""

    models: Mapping[str, str]
    """SPECs, by the names under which they are asked"""
    load: LoadSettings
    fewest: int = 1
    most: int = 1
    threads: int = 1
    """of one replica, and the cores that Ray keeps for it"""
    queued: int = 16
    """requests that may wait for each model; the next are told that it is full"""
    ray: str | None = None
    """a cluster's address; None: one of this machine alone"""
    host: str = "127.0.0.1"
    port: int = 8000
    key_digest: bytes | None = None
    """of the key that is asked for"""


class Model:
    """A replica: one engine, one answer at a time."""

    def __init__(self, spec: str, load: LoadSettings, threads: int):
        self._engine = Engine(parse(spec), load, threads)

    async def answer(self, asked: chat.Asked) -> AsyncIterator[Any]:
        """The lines of a stream, or at last the one document."""
        chunks = chat.Chunks(asked, f"chatcmpl-{uuid.uuid4().hex}", int(time.time()))
        engine = self._engine
        events = engine.answer(lambda run: asked.request(run, engine.file, engine.threads))
        try:
            async for event in events:
                for line in chunks.after(event):
                    if asked.stream:
                        yield line
        finally:
            await events.aclose()
        if not asked.stream:
            failed = chunks.response.error
            yield chat.error("; ".join(failed.splitlines()), 500) if failed else chunks.whole

    def __del__(self):
        self._engine.close()


def _refused(message: str, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(chat.error(message, status), status, headers)


def _gone(error: Exception) -> dict[str, Any]:
    return chat.error(f"The replica that answered is gone ({type(error).__name__}).", 500)


async def _streamed(first: str, answer: Any) -> AsyncIterator[str]:
    """An answer's lines; where its replica dies, that is said within the stream. Stands before Front, which
    Ray takes with what is there by then.
    """
    try:
        yield first
        async for line in answer:
            yield line
    except ray.exceptions.RayError as error:
        yield chat.line(_gone(error))
    finally:
        answer.cancel()


app = FastAPI(title="GGUF Side by Side", docs_url=None, redoc_url=None)


@serve.deployment(ray_actor_options={"num_cpus": 0}, max_ongoing_requests=1000)
@serve.ingress(app)
class Front:
    """The address: finds the model that is asked, and says what can't be."""

    def __init__(self, models: Mapping[str, Any], key_digest: bytes | None):
        self._models, self._key_digest = models, key_digest

    @app.get("/health")
    async def health(self) -> dict:
        return {"status": "ok"}

    @app.get("/v1/models")
    async def models(self, request: Request):
        if not self._lets_in(request):
            return _refused(NO_KEY, 401)
        return chat.models(self._models)

    @app.post("/v1/chat/completions")
    async def completions(self, request: Request):
        if not self._lets_in(request):
            return _refused(NO_KEY, 401)
        try:
            asked = chat.read(await door.document(request.stream()))
        except UsageError as error:
            return _refused(str(error), 400)
        except door.TooLarge:
            return _refused(f"The request is longer than {door.MOST_BYTES} bytes.", 413)
        except ValueError:
            return _refused("The request is no JSON.", 400)
        # An id alone means its only quantization.
        names = [name for name in self._models if asked.model in (name, name.partition(":")[0])]
        if len(names) != 1:
            there = ", ".join(self._models)
            return _refused(f"There is no model “{asked.model[:60]}”. There are: {there}.", 404)
        return await self._answered(names[0], asked)

    def _lets_in(self, request: Request) -> bool:
        return door.may_ask(self._key_digest, request.headers.get("authorization"))

    async def _answered(self, name: str, asked: chat.Asked):
        answer = self._models[name].options(stream=True).answer.remote(asked)
        try:
            first = await anext(answer)
        except asyncio.CancelledError:  # whoever asked has gone before it began
            answer.cancel()
            raise
        except BackPressureError:
            message = f"All replicas of {asked.model} are busy, and enough requests wait for them."
            return _refused(message, 429, {"Retry-After": str(AGAIN_S)})
        except ray.exceptions.RayError as error:
            return JSONResponse(_gone(error), 500)
        if not asked.stream:
            async for _ in answer:  # to its end, or Ray holds the replica for busy
                pass
            return JSONResponse(first, 500 if "error" in first else 200)
        return StreamingResponse(_streamed(first, answer), media_type="text/event-stream")


def start(plan: Plan) -> None:
    """Serves; returns once every model has a replica that is loaded. Raises what Ray raises."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere unasked
    environment: dict[str, Any] = {"env_vars": {"PYTHONPATH": str(ROOT)}}
    if plan.ray is not None:
        environment = {"working_dir": str(ROOT), "excludes": LEFT_OUT}
    ray.init(
        # Without an address Ray would join a cluster that it finds here, and stop() end what that serves.
        address=plan.ray or "local", runtime_env=environment, include_dashboard=None if plan.ray else False,
        log_to_driver=False,
    )  # fmt: skip
    serve.start(http_options=HTTPOptions(host=plan.host, port=plan.port))
    models = {
        name: _model(f"model-{n}", spec, plan) for n, (name, spec) in enumerate(plan.models.items())
    }
    serve.run(Front.bind(models, plan.key_digest), name="models", route_prefix="/")


def _model(name: str, spec: str, plan: Plan) -> Any:
    deployment = serve.deployment(Model).options(
        name=name, max_ongoing_requests=1, max_queued_requests=plan.queued,
        ray_actor_options={"num_cpus": plan.threads},
        autoscaling_config=AutoscalingConfig(
            min_replicas=plan.fewest, max_replicas=plan.most, target_ongoing_requests=1,
            upscale_delay_s=UPSCALE_S,
        ),
    )  # fmt: skip
    return deployment.bind(spec, plan.load, plan.threads)


def stop() -> None:
    """Ends the replicas; a Ray that was started here ends, too."""
    serve.shutdown()
    ray.shutdown()
