#!/usr/bin/python3
"""Tests the ring page in a real Chromium."""

import json
import os
import pathlib
import resource
import subprocess
import unittest

import grpc

from tests.support import npm_packages
from tests.support.running_server import RunningServer
from tests.support.stubs import TIMEOUT, pb, placement_pb2_grpc

HERE = pathlib.Path(__file__).resolve().parent
# Folder for screenshots that people look at; empty: none are saved.
SCREENSHOTS = os.environ.get("SCREENSHOTS", "")
TEXT = "(page, selector) => page.innerText(selector)"
# Returns [[node, colour of its swatch, colour of its arcs]] of the rows whose
# node has arcs. It selects and reads in one step: the page replaces its rows,
# and $$eval, which does it in two, can read the style of a replaced row as "".
COLOURS = """page => page.evaluate(() =>
    [...document.querySelectorAll("#nodes tbody tr")].flatMap(row => {
  const id = row.querySelector("button").innerText;
  const arcs = [...document.querySelectorAll("#ring .owner")]
      .find(path => path.dataset.node === id);
  return arcs ? [[id, getComputedStyle(row.querySelector("rect")).fill,
                  getComputedStyle(arcs).stroke]] : [];
}))"""
# In the page: returns the nodes whose arcs are not dimmed. The page dims all
# arcs as one group, and draws the arcs of one node again above it.
BRIGHT_NODES = """() => {
  const dimmed = getComputedStyle(
      document.querySelector("#ring .owners")).opacity !== "1";
  const on = document.querySelector("#ring .owners ~ .on");
  const again = path => getComputedStyle(on).opacity === "1" &&
      ["d", "stroke", "stroke-width"].every(
          name => on.getAttribute(name) === path.getAttribute(name));
  return [...document.querySelectorAll("#ring .owner")]
      .filter(path => !dimmed || again(path))
      .map(path => path.dataset.node).sort();
}"""


class Browser:
    """A Chromium that runs functions of (page, argument)."""

    def __init__(self, packages):
        self.process = subprocess.Popen(
            ["node", "driver.js"], cwd=packages, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=npm_packages.node_environment())

    def run(self, code, argument=None):
        self.process.stdin.write(
            json.dumps({"code": code, "argument": argument}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["value"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser(npm_packages.install(cls, HERE / "page"))
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.server = self.enterContext(RunningServer())
        channel = grpc.insecure_channel(self.server.grpc)
        self.addCleanup(channel.close)
        self.stub = placement_pb2_grpc.PlacementServiceStub(channel)

    def add(self, count, zones=0):
        self.stub.ApplyChanges(pb.ApplyChangesRequest(
            reason="more room", changes=[pb.NodeChange(add=pb.Node(
                id=f"node-{i}", address=f"10.0.0.{i}:80",
                zone=f"zone-{i % zones}" if zones else "", weight=1 + i % 3))
                for i in range(count)]), timeout=TIMEOUT)

    def open(self, wait_for="#nodes tbody tr", **options):
        self.browser.run("(page, options, tools) => tools.open(options)",
                         {"url": f"http://{self.server.http}/", **options})
        self.browser.run("(page, selector) => page.waitForSelector(selector)",
                         wait_for)
        self.wait_for_text("#live", "live")

    def wait_for_text(self, selector, text):
        self.browser.run(
            """(page, [selector, text]) => page.waitForFunction(
                   ([selector, text]) => document.querySelector(selector)
                       ?.innerText.includes(text),
                   [selector, text], {timeout: 20000})""", [selector, text])

    def text(self, selector):
        return self.browser.run(TEXT, selector)

    def nodes(self):
        """Returns the names in the table of shares, in its order."""
        return self.browser.run("""page => page.$$eval("#nodes button.name",
            names => names.map(name => name.innerText))""")

    def hover(self, selector):
        self.browser.run("(page, selector) => page.hover(selector)", selector)

    def press(self, key):
        self.browser.run("(page, key) => page.keyboard.press(key)", key)

    def wait_for_readout(self, node):
        """Waits until the line below the ring describes `node`; "": nothing."""
        self.browser.run(
            """(page, node) => page.waitForFunction((node) => {
                 const text = document.querySelector("#readout").textContent;
                 return node ? text.startsWith(node) : text === "";
               }, node, {timeout: 5000})""", node)

    def wait_for_bright(self, expected):
        """Waits until exactly the arcs of the nodes `expected` are not dimmed.

        The page redraws the table every few seconds. Events of the pointer
        follow a redraw by a frame, so one reading can fall between them.
        """
        self.browser.run(
            """(page, code) => page.waitForFunction(
                 code, undefined, {timeout: 5000})""",
            f"({BRIGHT_NODES})().join() === '{','.join(sorted(expected))}'")

    def picture(self, name):
        if SCREENSHOTS:
            self.browser.run(
                "(page, path) => page.screenshot({path, fullPage: true})",
                os.path.join(SCREENSHOTS, f"{name}.png"))

    def no_faults(self):
        self.assertEqual(
            self.browser.run("(page, _, tools) => tools.faults"), [])

    def test_it_shows_the_ring_and_what_happened_to_it(self):
        self.add(5, zones=2)
        self.open(colorScheme="light")
        ring = self.stub.GetRing(pb.GetRingRequest(), timeout=TIMEOUT).snapshot
        figures = self.text("#figures")
        self.assertIn(f"{ring.fingerprint:016x}", figures)
        self.assertIn(f"{ring.incarnation:016x}", figures)
        self.assertIn(f"{ring.balance.peak_to_mean:.4f}", figures)
        table = self.text("#nodes")
        for node, share in zip(ring.nodes, ring.shares):
            self.assertIn(node.id, table)
            self.assertIn(f"{share * 100:.2f} %", table)
        shares = self.browser.run(
            """page => page.$$eval("#nodes tbody td:nth-child(4)",
                 cells => cells.map(cell => parseFloat(cell.innerText)))""")
        self.assertEqual(shares, sorted(shares, reverse=True))
        self.assertEqual(self.browser.run(
            "page => page.$$eval('#ring .owner', paths => paths.length)"), 5)
        self.assertIn("zone-1", self.text("#zones"))
        history = self.text("#history")
        self.assertIn("more room", history)
        self.assertIn("node-4", history)
        server = self.text("#server")
        self.assertIn("memory:", server)
        self.assertIn("serving", server)
        self.no_faults()
        self.picture("five-light")

    def test_the_address_names_the_ring_and_its_history_says_what_changed(self):
        self.stub.CreateRing(pb.CreateRingRequest(
            spec=pb.RingSpec(name="team/a"),
            nodes=[pb.Node(id="x"), pb.Node(id="y")]), timeout=TIMEOUT)
        self.stub.UpdateNode(
            pb.UpdateNodeRequest(ring="team/a", node=pb.Node(
                id="x", address="h:1", weight=2, zone="z", labels={"k": "v"})),
            timeout=TIMEOUT, metadata=[("clockwise-actor", "alice@host")])
        self.stub.RemoveNode(pb.RemoveNodeRequest(ring="team/a", node_id="y"),
                             timeout=TIMEOUT)
        self.stub.DeleteRing(pb.DeleteRingRequest(
            ring="team/a", force=True, reason="a mistake"), timeout=TIMEOUT)
        self.stub.UndeleteRing(pb.UndeleteRingRequest(
            ring="team/a", reason="was needed"), timeout=TIMEOUT)
        for query in ("?ring=team%2Fa", "?ring=team/a", "#team%2Fa",
                      "?ring=default#team/a", "?ring=team/a#%zz"):
            with self.subTest(query=query):
                # Another path, so that the browser loads the page again.
                self.browser.run("page => page?.goto('about:blank')")
                self.open(url=f"http://{self.server.http}/{query}")
                self.assertEqual(self.nodes(), ["x"])
        history = self.text("#history")
        self.assertIn("~ x (address none → h:1, weight 1 → 2, zone none → z, "
                      "labels none → k=v)", history)
        self.assertIn("− y\t", history)
        self.assertRegex(history, "restored the deleted ring\t.*was needed")
        self.assertIn("(as alice@host)", history)
        self.assertIn(" UTC", history)
        self.no_faults()

    def test_each_row_has_the_colour_of_the_arcs_of_its_node(self):
        self.add(6)
        self.open()
        colours = self.browser.run(COLOURS)
        self.assertEqual(len(colours), 6)
        self.assertEqual(len({arcs for _, _, arcs in colours}), 6)
        for node, swatch, arcs in colours:
            self.assertEqual(swatch, arcs, node)
        self.assertEqual(self.browser.run(
            "page => page.$$eval('.swatch:not([aria-hidden=true])', "
            "swatches => swatches.length)"), 0)
        self.no_faults()

    def test_a_row_under_the_pointer_highlights_the_arcs_of_its_node(self):
        self.add(5)
        self.open(reducedMotion="reduce")
        nodes = self.nodes()
        self.wait_for_bright(sorted(nodes))
        for row, node in enumerate(nodes, 1):
            self.hover(f"#nodes tbody tr:nth-child({row}) td.bar")
            self.wait_for_bright([node])
            self.wait_for_readout(node)
        self.picture("row-hovered")
        self.hover("h1")
        self.wait_for_bright(sorted(nodes))
        self.wait_for_readout("")
        # The first click chooses the node, the second one ends that.
        self.browser.run("page => page.dblclick('#nodes button.name')")
        self.hover("h1")
        self.wait_for_bright(sorted(nodes))
        self.no_faults()

    def test_a_focused_row_highlights_the_arcs_of_its_node(self):
        self.add(30)
        self.open(reducedMotion="reduce", viewport={"width": 1280, "height": 600})
        nodes = self.nodes()
        # The pointer rests over the table, whose rows scroll under it.
        self.hover("#nodes tbody tr:nth-child(3) td.bar")
        self.browser.run("page => page.focus('#filter')")
        self.press("Tab")  # the scrollable region
        for node in nodes:
            self.press("Tab")
            self.wait_for_bright([node])
        self.assertGreater(self.browser.run(
            "page => page.$eval('.scroll', region => region.scrollTop)"), 0)
        self.wait_for_bright([nodes[-1]])
        self.hover("#nodes tbody tr:nth-child(28) td.bar")
        self.wait_for_bright([nodes[27]])
        self.hover("h1")
        self.wait_for_bright([nodes[-1]])
        self.press("Tab")
        self.wait_for_bright(sorted(nodes))
        self.no_faults()

    def test_a_highlight_ends_after_a_change_of_the_ring(self):
        self.add(5)
        self.open(reducedMotion="reduce")
        last = self.nodes()[-1]
        self.hover("#nodes tbody tr:last-child td.bar")
        self.wait_for_bright([last])
        self.stub.RemoveNode(pb.RemoveNodeRequest(node_id=last),
                             timeout=TIMEOUT)
        self.wait_for_text("#figures", "4\nnodes")
        self.wait_for_bright(self.nodes())  # the pointer is below the table
        # The focus stays on its node, and so does the highlight.
        node = self.nodes()[1]
        self.hover("h1")
        self.browser.run("page => page.focus('#filter')")
        for _ in range(3):
            self.press("Tab")
        self.wait_for_bright([node])
        self.stub.AddNode(pb.AddNodeRequest(node=pb.Node(
            id="late", weight=9)), timeout=TIMEOUT)
        self.wait_for_text("#figures", "5\nnodes")
        self.wait_for_bright([node])
        self.assertEqual(self.browser.run(
            "page => page.evaluate(() => document.activeElement.innerText)"),
            node)
        self.stub.RemoveNode(pb.RemoveNodeRequest(node_id=node),
                             timeout=TIMEOUT)
        self.wait_for_text("#figures", "4\nnodes")
        self.wait_for_bright(self.nodes())
        # A row of another node can be under the pointer after a change.
        self.hover("#nodes tbody tr:first-child td.bar")
        self.wait_for_bright(["late"])
        self.stub.RemoveNode(pb.RemoveNodeRequest(node_id="late"),
                             timeout=TIMEOUT)
        self.wait_for_text("#figures", "3\nnodes")
        self.wait_for_bright(self.nodes()[:1])
        self.hover("h1")
        self.wait_for_bright(sorted(self.nodes()))
        self.no_faults()

    def test_a_change_shows_without_a_reload(self):
        self.add(2)
        self.open()
        with_events = self.browser.run("page => performance.timeOrigin")
        self.stub.AddNode(pb.AddNodeRequest(node=pb.Node(id="late")),
                          timeout=TIMEOUT)
        self.wait_for_text("#nodes", "late")
        self.wait_for_text("#history", "late")
        self.browser.run("page => page.click('#history button')")
        self.wait_for_text("#history", "node-0 → late")
        self.assertEqual(
            self.browser.run("page => performance.timeOrigin"), with_events)
        self.no_faults()

    def test_a_store_that_refuses_changes_is_named_on_top(self):
        self.server = self.enterContext(RunningServer(
            store="sqlite:{folder}/rings.db"))
        channel = grpc.insecure_channel(self.server.grpc)
        self.addCleanup(channel.close)
        self.stub = placement_pb2_grpc.PlacementServiceStub(channel)
        self.add(2)
        pid = self.server.process.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
        with self.assertRaises(grpc.RpcError):
            self.add(3)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
        self.open()
        self.wait_for_text("#problems", "The store refuses changes since 20")
        self.add(3)
        self.browser.run("""page => page.waitForFunction(
            () => document.querySelector("#problems").hidden, null,
            {timeout: 20000})""")

    def test_it_says_so_when_it_is_not_live_any_more(self):
        self.add(2)
        self.open()
        self.server.kill()
        self.wait_for_text("#live", "not live")
        self.server.start()

    def test_the_box_names_the_owners_of_a_key(self):
        self.add(5)
        self.open()
        for key in ("user:42", "ключ", "a b+c%d&e"):
            self.browser.run(
                """async (page, key) => {
                     await page.fill("#locate input", key);
                     await page.click("#locate button");
                   }""", key)
            owner = self.stub.Locate(pb.LocateRequest(key=key.encode()),
                                     timeout=TIMEOUT).owners[0]
            self.wait_for_text("#located", key)
            self.wait_for_text("#located", f"{owner.node_id} {owner.address}")
        self.assertIn(owner.node_id, self.text("#readout"))
        self.no_faults()

    def test_a_plan_is_what_the_change_would_be_and_changes_nothing(self):
        self.add(5)
        self.open()
        for action, change in (
                ("add", pb.NodeChange(add=pb.Node(id="new", weight=2))),
                ("weigh", pb.NodeChange(update=pb.NodeUpdate(
                    node=pb.Node(id="node-0", weight=2)))),
                ("remove", pb.NodeChange(remove="node-3"))):
            plan = self.stub.ApplyChanges(pb.ApplyChangesRequest(
                changes=[change], validate_only=True), timeout=TIMEOUT).change
            self.browser.run(
                """async (page, [action, id]) => {
                     await page.selectOption("#plan select", action);
                     await page.fill("#plan input[name=id]", id);
                     if (action !== "remove")
                       await page.fill("#plan input[name=weight]", "2");
                     await page.click("#plan button");
                   }""",
                [action, change.add.id or change.remove or
                 change.update.node.id])
            self.wait_for_text("#planned", f"{plan.comparison.moved_ratio * 100:.2f} %")
            self.wait_for_text(
                "#planned", f"{plan.comparison.balance_after.peak_to_mean:.4f}")
            self.wait_for_text("#planned", "node-3 → " if change.remove
                               else f"→ {change.add.id or 'node-0'}")
        self.picture("plan")
        self.browser.run("page => page.fill('#plan input[name=id]', 'nobody')")
        self.browser.run("page => page.click('#plan button')")
        self.wait_for_text("#planned .error", "nobody")
        ring = self.stub.GetRing(pb.GetRingRequest(), timeout=TIMEOUT).snapshot
        self.assertEqual(ring.epoch, 2)
        self.assertEqual(len(ring.nodes), 5)

    def test_a_thousand_nodes_stay_readable(self):
        self.add(1000, zones=5)
        self.open(colorScheme="dark")
        self.wait_for_text("#figures", "1,000")
        rows = "page => page.$$eval('#nodes tbody tr', rows => rows.length)"
        self.assertEqual(self.browser.run(rows), 40)
        self.picture("thousand-dark")
        self.browser.run("page => page.fill('#filter', 'node-77')")
        self.assertEqual(self.browser.run(rows), 11)
        self.browser.run("page => page.fill('#filter', '')")
        self.browser.run("page => page.click('#more')")
        self.assertEqual(self.browser.run(rows), 1000)
        colours = self.browser.run(COLOURS)
        self.assertGreater(len(colours), 500)  # the drawing samples arcs
        self.assertEqual([node for node, swatch, arcs in colours
                          if swatch != arcs], [])
        self.check_highlights_are_cheap([node for node, _, _ in colours])
        self.no_faults()

    def check_highlights_are_cheap(self, nodes):
        """Hovers rows of `nodes`. Each may write few attributes of the ring."""
        self.browser.run(
            """page => page.evaluate(() => {
                 window.writes = 0;
                 new MutationObserver(found => { writes += found.length; })
                   .observe(document.querySelector("#ring"),
                            {subtree: true, attributes: true, childList: true});
               })""")
        self.browser.run("page => page.emulateMedia({reducedMotion: 'reduce'})")
        for node in nodes[:5] + nodes[-5:]:
            self.hover(f"#nodes tr[data-node='{node}'] td.bar")
            self.wait_for_bright([node])
        self.picture("thousand-hovered")
        # At most three for each row that the pointer reached, and some rows
        # that it crossed.
        self.assertLess(self.browser.run(
            "page => page.evaluate(() => writes)"), 100)

    def test_an_empty_ring_says_what_to_do(self):
        self.open(colorScheme="dark", viewport={"width": 900, "height": 700})
        self.assertIn("clockwise node add", self.text("#nodes"))
        self.no_faults()

    def test_both_schemes_and_a_narrow_screen_are_accessible(self):
        self.add(5, zones=2)
        papers = set()
        for scheme in ("light", "dark"):
            for width in (360, 1280):
                with self.subTest(scheme=scheme, width=width):
                    self.open(colorScheme=scheme,
                              viewport={"width": width, "height": 800})
                    papers.add(self.browser.run(
                        "page => page.evaluate(() => "
                        "getComputedStyle(document.body).backgroundColor)"))
                    self.assertLessEqual(self.browser.run(
                        "page => page.evaluate(() => "
                        "document.documentElement.scrollWidth)"), width)
                    self.picture(f"{scheme}-{width}")
                    self.assertEqual(self.violations(), [])
        self.assertEqual(len(papers), 2)

    def violations(self):
        # Injected through the debugger, because the page's policy forbids
        # scripts.
        return self.browser.run(
            """async (page, _, tools) => {
                 await page.evaluate(tools.axe());
                 const found = await page.evaluate(() => axe.run());
                 return found.violations.map(one => [one.id,
                   ...one.nodes.map(node => node.html.slice(0, 200))]);
               }""")

    def test_the_keyboard_reaches_a_node(self):
        self.add(3)
        self.open()
        pressed = self.browser.run(
            """async page => {
                 for (let i = 0; i < 30; ++i) {
                   await page.keyboard.press("Tab");
                   const name = await page.evaluate(
                     () => document.activeElement.className);
                   if (name === "name") break;
                 }
                 await page.keyboard.press("Enter");
                 return page.$eval("#nodes button[aria-pressed=true]",
                                   button => button.innerText);
               }""")
        self.assertIn(pressed, self.text("#readout"))


if __name__ == "__main__":
    unittest.main()
