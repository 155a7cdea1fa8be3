"""The proxies that the surroundings name, so that Gradio and the Hub can do with them.

To be settled before anything that speaks HTTP is imported: Gradio makes its clients as it is imported, and
one that can't use a proxy raises. Addresses of this machine never go through one.
"""

import os
from collections.abc import MutableMapping

HERE = "localhost", "127.0.0.1", "::1"
_NAMES = "http_proxy", "https_proxy", "all_proxy"


def settle(environ: MutableMapping[str, str] = os.environ) -> list[str]:
    """Puts the proxy variables right, in place; returns a sentence for each that had to be left out.

    `socks://`, as desktops write it, is what every client calls `socks5://`.
    """
    _spare_this_machine(environ)
    left_out = []
    for name in [each for each in environ if each.lower() in _NAMES]:
        value = environ[name].strip()
        if value.lower().startswith("socks://"):
            environ[name] = value = f"socks5://{value[len('socks://') :]}"
        if value and (why := _fault(value)):
            del environ[name]
            left_out.append(
                f"{name} is left out: {why}. Write it as http://host:port or socks5://host:port."
            )
    return left_out


def _spare_this_machine(environ: MutableMapping[str, str]) -> None:
    """Both spellings say the same: a client reads either."""
    told = ",".join(filter(None, (environ.get("no_proxy"), environ.get("NO_PROXY"))))
    hosts = [host.strip() for host in told.split(",") if host.strip()]
    own = environ.get("GRADIO_SERVER_NAME", "").strip()
    hosts += [host for host in (*HERE, own) if host]
    environ["no_proxy"] = environ["NO_PROXY"] = ",".join(dict.fromkeys(hosts))


def _fault(value: str) -> str | None:
    """Why a client couldn't use it, without repeating it: it may hold a password. None where it can."""
    import httpx2

    try:
        httpx2.Client(proxy=value if "://" in value else f"http://{value}").close()
    except ImportError:
        return "for a SOCKS proxy the package socksio is missing"
    except httpx2.InvalidURL:
        return "it is no address"
    except ValueError:
        return f"“{value.partition('://')[0]}” is no kind of proxy that can be used here"
    return None
