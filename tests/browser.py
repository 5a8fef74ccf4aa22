"""A real browser without a window, by the WebDriver protocol."""

import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
PHONE = {"width": 390, "height": 844, "pixelRatio": 2, "touch": True, "mobile": True}
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": "\ue00d"}


def missing():
    """Return what keeps a browser from running here, or nothing."""
    if CHROMIUM is None or DRIVER is None:
        return "chromium and chromedriver are not installed"
    return ""


class Browser:
    """A session; scripts run in the page that is open."""

    def __init__(self, call):
        self.call = call

    def open(self, url):
        # The same page with another hash would not be loaded anew.
        self.call("POST", "url", {"url": "about:blank"})
        self.call("POST", "url", {"url": url})

    def run(self, script, *args):
        body = {"script": script, "args": list(args)}
        return self.call("POST", "execute/sync", body)

    def find(self, selector):
        found = {"using": "css selector", "value": selector}
        return self.call("POST", "element", found)[ELEMENT]

    def click(self, selector):
        self.call("POST", f"element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        self.call("POST", f"element/{self.find(selector)}/value", {"text": text})

    def press(self, *keys):
        actions = [
            {"type": kind, "value": KEYS[key]}
            for key in keys
            for kind in ("keyDown", "keyUp")
        ]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self.call("POST", "actions", {"actions": [source]})

    def resize(self, width, height):
        self.call("POST", "window/rect", {"width": width, "height": height})

    def devtools(self, command, **params):
        body = {"cmd": command, "params": params}
        return self.call("POST", "goog/cdp/execute", body)

    def media(self, kind="", scheme="light"):
        values = {"color-scheme": scheme, "reduced-motion": "reduce"}
        features = [{"name": f"prefers-{k}", "value": v} for k, v in values.items()]
        self.devtools("Emulation.setEmulatedMedia", media=kind, features=features)

    def console(self):
        return self.call("POST", "se/log", {"type": "browser"})

    def screenshot(self):
        return base64.b64decode(self.call("GET", "screenshot"))

    def pdf(self):
        return base64.b64decode(self.call("POST", "print", {"background": True}))


@contextlib.contextmanager
def browser(*, phone=False):
    """Start a browser with settings of its own, and end it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [DRIVER, "--port=0"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as driver:
            try:
                base = f"http://127.0.0.1:{port(driver)}/session"
                options = {"args": [*FLAGS, f"--user-data-dir={folder}"]}
                if phone:
                    options["mobileEmulation"] = {"deviceMetrics": PHONE}
                asked = {
                    "browserName": "chrome",
                    "goog:chromeOptions": options | {"binary": CHROMIUM},
                    "goog:loggingPrefs": {"browser": "ALL"},
                }
                body = {"capabilities": {"alwaysMatch": asked}}
                session = f"{base}/{request('POST', base, body)['sessionId']}"

                def call(method, path, body=None):
                    return request(method, f"{session}/{path}", body)

                started = Browser(call)
                started.media()  # without motion, what is clicked stays where it is
                yield started
                request("DELETE", session)
                time.sleep(0.2)  # what it still writes into the folder
            finally:
                driver.kill()


def port(driver):
    """Read where a driver listens."""
    for line in driver.stdout:
        if "started successfully on port" in line:
            return int(line.split()[-1].rstrip("."))
    raise RuntimeError(f"chromedriver did not start: {driver.stderr.read()}")


def request(method, url, body=None):
    """Return the value that the driver answers."""
    data = None if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"}
    asked = urllib.request.Request(url, data, kind, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=120) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode()) from error
