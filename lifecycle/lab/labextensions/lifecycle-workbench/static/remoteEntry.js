// Launcher tiles and palette commands of a workspace. Written by hand, so that no Node is
// needed to build it: the modules come from JupyterLab's own share scope.
(() => {
  "use strict";
  const NAME = "lifecycle-workbench";
  const SPACE = "lifecycle"; // as `lifecycle lab` calls its arrangement
  const HOME = "notebooks/home.ipynb";
  const INDEX = "reports/index.html";
  let shared = {};

  const use = async name => {
    const versions = shared[name];
    const factory = await versions[Object.keys(versions)[0]].get();
    return factory();
  };

  const MARK =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16">' +
    '<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M12 3a9 9 0 0 0-8.8 7h2.6' +
    "a6.5 6.5 0 0 1 11.3-2.2L14 11h7V4l-2.2 2.2A9 9 0 0 0 12 3zM3 13v7l2.2-2.2A9 9 0 0 0 " +
    '20.8 14h-2.6a6.5 6.5 0 0 1-11.3 2.2L10 13z"/></svg>';

  const activate = async (app, palette, launcher, viewers) => {
    const [{ Dialog, InputDialog, Notification }, { LabIcon }, { PageConfig, URLExt },
      { ServerConnection }, { Widget }] = await Promise.all(
      ["@jupyterlab/apputils", "@jupyterlab/ui-components", "@jupyterlab/coreutils",
        "@jupyterlab/services", "@lumino/widgets"].map(use)
    );
    const icon = new LabIcon({ name: NAME + ":mark", svgstr: MARK });
    const contents = app.serviceManager.contents;
    const server = app.serviceManager.serverSettings;
    const say = words => Notification.warning(words, { autoClose: 8000 });
    // what is told comes from people and data, and is shown as words on one line
    const plain = words => String(words).replace(/[\u0000-\u001f\u007f]/g, " ");

    // What the server's side answers; null where it is not there, or on no workspace.
    const ask = async (path, method = "GET", told = undefined) => {
      const url = URLExt.join(server.baseUrl, "lifecycle", path);
      const body = told === undefined ? undefined : JSON.stringify(told);
      const answer = await ServerConnection.makeRequest(url, { method, body }, server);
      const text = await answer.text();
      let found = {};
      try {
        found = text ? JSON.parse(text) : {};
      } catch {
        found = { message: text.slice(0, 200) };
      }
      if (!answer.ok) {
        throw new Error(found.message || `the server said ${answer.status}`);
      }
      return found;
    };
    const desk = () => ask("desk").catch(() => null);
    const there = async path => {
      try {
        await contents.get(path, { content: false });
        return true;
      } catch {
        return false;
      }
    };

    // -- pages: JupyterLab's own viewer, in which links between pages are followed -----

    const openPage = async path => {
      if (!(await there(path))) {
        say(`${plain(path)} cannot be read; it may be gone.`);
        return;
      }
      const known = [];
      viewers && viewers.forEach(each => known.push(each));
      const open = known.find(each => each.context.path === path);
      if (open) {
        app.shell.activateById(open.id);
        await open.context.revert();
        return;
      }
      const beside = known[known.length - 1];
      const current = app.shell.currentWidget;
      const notebook = current && current.sessionContext && current.isAttached;
      let options = {};
      if (beside) {
        options = { mode: "tab-after", ref: beside.id };
      } else if (notebook) {
        options = { mode: "split-right", ref: current.id };
      }
      await app.commands.execute("docmanager:open", { path, factory: "HTML Viewer", options });
    };

    const follow = (event, path, page) => {
      const link = event.target.closest && event.target.closest("a[href]");
      const href = link && link.getAttribute("href");
      if (!href || /^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith("//")) {
        return; // elsewhere: the frame's own rules hold
      }
      event.preventDefault();
      const url = new URL(href, "http://x/" + path.split("/").map(encodeURIComponent).join("/"));
      let other = "";
      try {
        other = decodeURIComponent(url.pathname).slice(1);
      } catch {
        return;
      }
      if (other === path || href.startsWith("#")) {
        const place = page.getElementById(decodeURIComponent(url.hash.slice(1)));
        place && place.scrollIntoView();
      } else if (other.endsWith(".html")) {
        openPage(other);
      } else {
        app.commands.execute("docmanager:open", { path: other });
      }
    };

    const attend = viewer => {
      const frame = viewer.content.node.querySelector("iframe");
      const attach = () => {
        const path = viewer.context.path;
        const page = frame.contentDocument;
        if (path.startsWith("reports/") && page && !page.lifecycle) {
          page.lifecycle = true;
          frame.title = page.title || path;
          page.addEventListener("click", event => follow(event, path, page));
        }
      };
      frame.addEventListener("load", attach);
      attach();
    };
    if (viewers) {
      viewers.forEach(attend);
      viewers.widgetAdded.connect((_, viewer) => attend(viewer));
    }

    // -- notebooks: home and the panels are run where they are ------------------------

    const listening = async widget => {
      await widget.context.ready;
      await widget.sessionContext.ready;
      const kernel = widget.sessionContext.session && widget.sessionContext.session.kernel;
      kernel && (await kernel.info);
    };

    const runHere = async (path, reveal = "") => {
      const widget = await app.commands.execute("docmanager:open", { path });
      if (!widget) {
        say(`There is no ${plain(path)} here; lifecycle lab opens the folder of a workspace.`);
        return;
      }
      await listening(widget);
      app.shell.activateById(widget.id);
      await app.commands.execute("notebook:run-all-cells");
      const cells = widget.content.widgets;
      const at = cells.findIndex(cell => cell.model.sharedModel.getSource().includes(reveal));
      if (reveal && at >= 0) {
        widget.content.activeCellIndex = at;
        await widget.content.scrollToItem(at, "start");
        const first = cells[at].node.querySelector(".jp-OutputArea-output input");
        first && first.focus({ preventScroll: true });
      }
    };

    // `lifecycle lab` shows home; it says something once it has run
    app.restored.then(async () => {
      if (PageConfig.getOption("workspace") !== SPACE) {
        return;
      }
      for (const widget of app.shell.widgets("main")) {
        if (widget.context && widget.context.path === HOME && widget.sessionContext) {
          await listening(widget);
          const cells = widget.content.widgets.map(cell => cell.model);
          if (!cells.some(cell => cell.type === "code" && cell.outputs.length)) {
            app.shell.activateById(widget.id);
            await app.commands.execute("notebook:run-all-cells");
            widget.content.activeCellIndex = 0;
            await widget.content.scrollToItem(0, "start");
          }
        }
      }
    });

    // -- runs: `lifecycle run` in a process of its own, followed until its report ------

    const follows = async (id, name) => {
      const title = plain(name);
      const end = () => ask(`runs/${id}`, "DELETE").catch(error => say(plain(error.message)));
      const stop = { label: "Stop", callback: event => { event.preventDefault(); end(); } };
      const shown = Notification.emit(`${title} is running.`, "in-progress", {
        autoClose: false, actions: [stop], progress: 0
      });
      for (;;) {
        const run = await ask(`runs/${id}`);
        if (run.state === "running") {
          const usual = run.usual ? ` of about ${Math.max(1, Math.round(run.usual))} s` : " s";
          const message = `${title} is running: ${Math.round(run.seconds)}${usual}.`;
          const progress = run.usual ? Math.min(0.95, run.seconds / run.usual) : null;
          Notification.update({ id: shown, message, progress, type: "in-progress" });
          await new Promise(done => setTimeout(done, 500));
          continue;
        }
        const done = run.state === "succeeded";
        const message = done ? `${title}: ${plain(run.sentence)}`
          : `${title} did not succeed (${run.state}): ${plain(run.sentence)}`;
        const open = { label: "Open report", callback: () => openPage(run.report) };
        Notification.update({
          id: shown, message, type: done ? "success" : "error", progress: undefined,
          autoClose: done ? 8000 : false, actions: run.report ? [open] : []
        });
        run.report && (await openPage(run.report));
        return;
      }
    };

    const choice = (notebooks, models) => {
      const node = document.createElement("div");
      const select = (words, items) => {
        const label = document.createElement("label");
        label.textContent = words;
        label.style.display = "block";
        const box = document.createElement("select");
        box.className = "jp-mod-styled";
        items.forEach(each => box.add(new Option(each, each)));
        label.appendChild(box);
        node.appendChild(label);
        return box;
      };
      const page = select("Notebook", notebooks);
      const model = select("Model", models);
      const body = new Widget({ node });
      body.getValue = () => ({ notebook: page.value, model: model.value });
      return body;
    };

    const runNow = async (about, args) => {
      let asked = { notebook: args.notebook, model: args.model };
      if (!about.models.length) {
        say("lifecycle.toml names no model yet; add a [models.NAME] table.");
        return;
      }
      if (!asked.notebook || !asked.model) {
        const dialog = new Dialog({
          title: "Run a notebook now",
          body: choice(about.notebooks, about.models),
          buttons: [Dialog.cancelButton(), Dialog.okButton({ label: "Run" })],
          focusNodeSelector: "select"
        });
        const result = await dialog.launch();
        if (!result.button.accept) {
          return;
        }
        asked = result.value;
      }
      try {
        const { id } = await ask("runs", "POST", asked);
        await follows(id, `${asked.notebook} of ${asked.model}`);
      } catch (error) {
        say(plain(error.message));
      }
    };

    const chooseHere = async args => {
      let name = args.notebook;
      if (!name) {
        const found = await contents.get("notebooks").catch(() => ({ content: [] }));
        const items = (found.content || [])
          .filter(each => each.name.endsWith(".ipynb")).map(each => each.name.slice(0, -6));
        if (!items.length) {
          say("There are no notebooks here; lifecycle lab opens a workspace's folder.");
          return;
        }
        const chosen = await InputDialog.getItem({ title: "Run which notebook here?", items });
        name = chosen.button.accept && chosen.value;
      }
      name && (await runHere(`notebooks/${name}.ipynb`));
    };

    const commands = {
      "lifecycle:home": {
        label: "Home",
        caption: "Models, alerts, proposals and feedback in one notebook",
        execute: () => runHere(HOME)
      },
      "lifecycle:index": {
        label: "All models",
        caption: "The front page of the reports",
        execute: async () => {
          if (await there(INDEX)) {
            await openPage(INDEX);
          } else {
            say("There is no reports/index.html yet; run a notebook, or lifecycle due.");
          }
        }
      },
      "lifecycle:report": {
        label: "Newest report",
        caption: "Open the report that was written last",
        execute: async () => {
          const about = await desk();
          if (about && about.report) {
            await openPage(about.report);
          } else {
            say("There is no report yet; run a notebook, or lifecycle due.");
          }
        }
      },
      "lifecycle:run": {
        label: "Run a notebook now",
        caption: "Choose a notebook and a model; its report opens when it is done",
        execute: async args => {
          const about = await desk();
          await (about ? runNow(about, args) : chooseHere(args));
        }
      },
      "lifecycle:approve": {
        label: "Approve or reject",
        caption: "What waits for a decision, with its evidence",
        execute: async () => {
          const home = await there(HOME);
          await runHere(home ? HOME : "notebooks/promote.ipynb", "widgets.approval");
        }
      }
    };
    Object.entries(commands).forEach(([command, about], rank) => {
      app.commands.addCommand(command, {
        ...about,
        label: args => (args && args.isPalette ? "Lifecycle: " + about.label : about.label),
        icon: args => (args && args.isPalette ? undefined : icon)
      });
      palette && palette.addItem({ command, category: "Lifecycle", args: { isPalette: true } });
      launcher && launcher.add({ command, category: "Lifecycle", rank });
    });
  };

  const plugin = async () => ({
    id: NAME + ":plugin",
    description: "Launcher tiles and palette commands of a workspace.",
    autoStart: true,
    optional: [
      (await use("@jupyterlab/apputils")).ICommandPalette,
      (await use("@jupyterlab/launcher")).ILauncher,
      (await use("@jupyterlab/htmlviewer")).IHTMLViewerTracker
    ],
    activate
  });

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: scope => {
      shared = scope;
    },
    get: async module => {
      if (module !== "./extension") {
        throw new Error(`${NAME} has no module ${module}`);
      }
      const made = await plugin();
      return () => ({ __esModule: true, default: made });
    }
  };
})();
