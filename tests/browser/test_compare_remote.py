"""A column on another machine beside one of this, as a visitor sees them."""

from model_servers import ModelServer
from playwright.sync_api import expect
from visitor import ask, choose, column, state

from compare.asked.owner import Owner
from compare.remote.servers import Server
from compare.run.machine import Machine


def test_a_remote_column_runs_beside_a_local_one(serve, visit):
    with ModelServer(models=("mixtral.gguf",)) as server:
        machine = Machine(Owner(servers=(Server("gpu", server.url),), models=("smollm2", "gemma3")))
        tab = visit(serve(machine))
        choose(tab, 2, "mixtral.gguf on gpu")
        expect(state(tab, 2)).to_have_text("On the server gpu")
        ask(tab, "Count.", Max_tokens="8")
        expect(state(tab, 1)).to_contain_text("Finished in")
        expect(state(tab, 2)).to_contain_text("Finished in")
        there = column(tab, 2)
        expect(there).to_contain_text("one two three")
        expect(there.locator(".figures")).to_contain_text("50.0")
        expect(there.locator(".figures")).to_contain_text("by its server’s count")
        expect(column(tab, 1).locator(".figures")).to_contain_text("alone")
        server.fault = "breaks off"
        ask(tab, "Again.")
        expect(there).to_contain_text("The connection to the server “gpu” broke off in the middle.")
        expect(state(tab, 1)).to_contain_text("Finished in")
        machine.close()
