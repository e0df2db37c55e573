"""JupyterLab on a port of its own, and its page in a real Chromium."""

import functools
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from jupyter_core.paths import jupyter_path

webdriver = pytest.importorskip("selenium.webdriver")
By = pytest.importorskip("selenium.webdriver.common.by").By
Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
ActionChains = webdriver.ActionChains

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "extension"
PATIENCE = 300
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
DRIVER = shutil.which("chromedriver")

marks = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None, reason="chromium and chromedriver are not installed"
    ),
]

LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
SETTINGS = {
    # Every cell is on the page, also those that are scrolled away.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}
CONTRAST = """
// Colours of every notation, also those that let through what is behind them, as they are seen.
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const paint = colour => { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); };
const luminance = () => {
  const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
return arguments[0].map(element => {
  const behind = [];
  for (let e = element; e; e = e.parentElement) behind.unshift(e);
  paint('white');
  behind.forEach(e => paint(getComputedStyle(e).backgroundColor));
  const background = luminance();
  paint(getComputedStyle(element).color);
  const [low, high] = [background, luminance()].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
});
"""


def extension_options(folder):
    """Options of JupyterLab with which it finds the extension that was built in this tree.

    Without one, that of the installed package is used. One that is older than its sources fails.
    """
    advice = "Build it: cd extension && npm install && npm run build"
    built = EXTENSION / "labextension" / "package.json"
    if not built.exists():
        installed = [
            Path(place) / "labextensions" / "qgrad-lab" / "package.json" for place in jupyter_path()
        ]
        if not any(path.exists() for path in installed):
            pytest.fail(f"The JupyterLab extension is neither built nor installed. {advice}")
        return []
    sources = [
        path for part in ("src", "style", "schema") for path in (EXTENSION / part).rglob("*")
    ]
    sources = [path for path in sources if path.is_file() and ".test." not in path.name]
    newest = max([EXTENSION / "package.json", *sources], key=lambda path: path.stat().st_mtime)
    if newest.stat().st_mtime > built.stat().st_mtime:
        pytest.fail(f"{built.parent} is older than {newest}. {advice}")
    # JupyterLab looks for a folder with the name of the extension.
    (folder / "labextensions").mkdir()
    (folder / "labextensions" / "qgrad-lab").symlink_to(built.parent, target_is_directory=True)
    return [f"--LabApp.extra_labextensions_path={folder / 'labextensions'}"]


class Lab:
    """A JupyterLab server of its own, with notebooks that have no outputs."""

    def __init__(self, folder, sources):
        self.notebooks = notebooks = folder / "notebooks"
        notebooks.mkdir()
        for name, source in sources.items():
            notebook = source if not isinstance(source, Path) else nbformat.read(source, 4)
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    cell.outputs, cell.execution_count = [], None
            nbformat.write(notebook, notebooks / name)
        for name, values in SETTINGS.items():
            path = folder / "settings" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "server.log"
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.getenv("PYTHONPATH")])),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [f"--ServerApp.root_dir={notebooks}", "--ServerApp.ip=127.0.0.1"]
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
        command += [f"--IdentityProvider.token={self.token}"]
        command += extension_options(folder)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=notebooks, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        wait_for(self.answers, "the server to answer", self.log.read_text)

    def request(self, path, method="GET", body=None):
        request = urllib.request.Request(
            f"{self.url}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.request("api/status")
        except (urllib.error.URLError, OSError):
            return None

    def use_theme(self, theme):
        body = {"raw": json.dumps({"theme": theme})}
        self.request("lab/api/settings/@jupyterlab/apputils-extension:themes", "PUT", body)

    def stop(self):
        self.process.terminate()  # the server shuts its kernels down
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Page:
    """A notebook, open in a browser."""

    def __init__(self, driver, lab, notebook):
        self.driver, self.lab, self.notebook = driver, lab, notebook

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def open(self):
        self.driver.get(f"{self.lab.url}/lab/tree/{self.notebook}?reset&token={self.lab.token}")
        wait_for(lambda: self.all(".jp-CodeCell"), "the cells of the notebook", self.problems)

    def choose(self, menu, entry):
        """Click an entry of a menu of JupyterLab."""
        for role, label in (("menubar", menu), ("menu", entry)):
            path = f"//*[@role='{role}']//*[@role='menuitem'][.//*[text()='{label}']]"
            find = functools.partial(self.driver.find_elements, By.XPATH, path)
            ActionChains(self.driver).move_to_element(wait_for(find, label)[-1]).click().perform()

    def run_all(self):
        # On a busy machine a menu may close before the click arrives, or JupyterLab may ask for the
        # kernel that it is about to connect to: both are no concern of ours.
        for _ in range(5):
            wait_for(self.kernel_is_ready, "the kernel", self.problems)
            self.choose("Run", "Run All Cells")
            if self.begins_to_run():
                break
        wait_for(self.has_run, "all cells to run", self.problems)

    def kernel_is_ready(self):
        """Whether there is one, which the page is connected to, and nothing is asked about it."""
        if self.answer_questions():
            return False
        try:
            kernels = json.loads(self.lab.request("api/kernels"))
        except urllib.error.HTTPError:
            return False  # the server fails to list a kernel that is only about to start
        return [(k["execution_state"], k["connections"] > 0) for k in kernels] == [("idle", True)]

    def answer_questions(self):
        buttons = self.all(".jp-Dialog button.jp-mod-accept")
        for button in buttons:
            button.click()
        return len(buttons)

    def begins_to_run(self):
        """Whether a cell has run within a while; not if JupyterLab asked for the kernel first."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.answer_questions():
                return False
            prompts = [cell.text for cell in self.all(".jp-CodeCell .jp-InputPrompt")]
            if any(prompt.strip("[]: ").isdigit() for prompt in prompts) or self.errors():
                return True
            time.sleep(0.2)
        return False

    def has_run(self):
        if self.errors():
            return True
        prompts = [cell.text for cell in self.all(".jp-CodeCell .jp-InputPrompt")]
        return all(prompt.strip("[]: ").isdigit() for prompt in prompts)

    def errors(self):
        kinds = ("error", "stderr")
        return [
            element.text
            for kind in kinds
            for element in self.all(f"[data-mime-type='application/vnd.jupyter.{kind}']")
        ]

    def problems(self):
        prompts = [cell.text for cell in self.all(".jp-CodeCell .jp-InputPrompt")]
        return f"prompts {prompts}\n{self.driver.get_log('browser')}\n{self.lab.log.read_text()}"


def contrasts(page, elements):
    """The contrast of the text of each element to what is behind it."""
    return page.driver.execute_script(CONTRAST, elements)


def wait_for(condition, what, problems=lambda: ""):
    """The first true value of ``condition``; fail with all that is known if none comes."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    pytest.fail(f"Waited {PATIENCE} s for {what}.\n{problems()}")


@contextmanager
def opened(lab: Lab, notebook: str, folder: Path, size: str = "1280,1000") -> Iterator[Page]:
    """A page with a notebook in JupyterLab's light theme."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--window-size={size}",
        f"--user-data-dir={folder}",
    ):
        options.add_argument(option)
    service = webdriver.ChromeService(executable_path=DRIVER)
    driver = webdriver.Chrome(options=options, service=service)
    try:
        page = Page(driver, lab, notebook)
        lab.use_theme(LIGHT)
        page.open()
        yield page
    finally:
        driver.quit()
