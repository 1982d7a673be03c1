// Launcher tiles and palette commands of a workspace. Written by hand, so that no Node is
// needed to build it: the modules come from JupyterLab's own share scope.
(() => {
  "use strict";
  const NAME = "lifecycle-workbench";
  const SPACE = "lifecycle"; // as `lifecycle lab` calls its arrangement
  const HOME = "notebooks/home.ipynb";
  const INDEX = "reports/index.html";
  const NARROW = 640; // pixels in which two pages side by side cannot be read
  const MISSING = // JupyterLab cuts what is longer than 140 signs
    "The server of this JupyterLab does not know the workbench; start it with: lifecycle lab";
  let shared = {};

  const use = async name => {
    const versions = shared[name];
    const factory = await versions[Object.keys(versions)[0]].get();
    return factory();
  };

  // pictures of 24 by 24, in the colour of the theme
  const drawing = lines =>
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16">' +
    `<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="${lines}"/></svg>`;
  const MARKS = {
    home: "M12 3L3 11h2.5v9H10v-6h4v6h4.500v-9H21z",
    index: "M4 5h16v3.500H4zM4 10.300h16v3.500H4zM4 15.600h16v3.500H4z",
    report: "M6 3h8.500L19 7.500V21H6zM8.500 11v1.700h8V11zM8.500 14.500v1.700h8v-1.700zM8.500 " +
      "7.500v1.700h4V7.500z",
    run: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18zM9.800 7.800l6.600 4.200l-6.600 4.200z",
    approve: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18zM10.600 16.700l-4.300-4.300l1.500-1.500l2.800 " +
      "2.800l5.700-5.700l1.500 1.500z"
  };

  const activate = async (app, palette, launcher, viewers) => {
    const [{ Dialog, Notification }, { LabIcon }, { PageConfig, URLExt },
      { ServerConnection }, { Widget }] = await Promise.all(
      ["@jupyterlab/apputils", "@jupyterlab/ui-components", "@jupyterlab/coreutils",
        "@jupyterlab/services", "@lumino/widgets"].map(use)
    );
    const icons = Object.fromEntries(Object.entries(MARKS).map(([name, lines]) =>
      [name, new LabIcon({ name: `${NAME}:${name}`, svgstr: drawing(lines) })]));
    const style = document.head.appendChild(document.createElement("link"));
    style.rel = "stylesheet";
    style.href = URLExt.join(
      PageConfig.getOption("fullLabextensionsUrl"), NAME, "static/style.css");
    const contents = app.serviceManager.contents;
    const server = app.serviceManager.serverSettings;
    const say = words => Notification.warning(words, { autoClose: 8000 });
    // what is told comes from people and data, and is shown as words on one line
    const plain = words => String(words).replace(/[\u0000-\u001f\u007f]/g, " ");

    // What the server's side answers; an error is a sentence.
    const ask = async (path, method = "GET", told = undefined) => {
      const url = URLExt.join(server.baseUrl, "lifecycle", path);
      const body = told === undefined ? undefined : JSON.stringify(told);
      const answer = await ServerConnection.makeRequest(url, { method, body }, server);
      const text = await answer.text();
      let found = {};
      try {
        found = text ? JSON.parse(text) : {};
      } catch {
        found = { message: answer.status === 404 ? MISSING : "" };
      }
      if (!answer.ok) {
        throw new Error(found.message || `JupyterLab's server said ${answer.status}.`);
      }
      return found;
    };
    const desk = () => ask("desk").catch(error => {
      say(plain(error.message));
      return null;
    });
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

    // a page follows JupyterLab's theme: the rules it has for a dark screen hold, or not
    const tint = page => {
      const rules = Array.from(page.styleSheets).flatMap(sheet => Array.from(sheet.cssRules));
      page.lifecycle = page.lifecycle || rules.filter(
        rule => rule.media && rule.media.mediaText.includes("prefers-color-scheme: dark"));
      const dark = document.body.dataset.jpThemeLight === "false";
      page.lifecycle.forEach(rule => {
        rule.media.mediaText = dark ? "screen" : "not all";
      });
      page.documentElement.style.colorScheme = dark ? "dark" : "light";
    };
    const pageOf = viewer => {
      const page = viewer.content.node.querySelector("iframe").contentDocument;
      return viewer.context.path.startsWith("reports/") ? page : null;
    };

    const attend = viewer => {
      const frame = viewer.content.node.querySelector("iframe");
      const attach = () => {
        const path = viewer.context.path;
        const page = pageOf(viewer);
        if (page && !page.lifecycle) {
          tint(page);
          frame.title = page.title || path;
          page.addEventListener("click", event => follow(event, path, page));
          path === INDEX || ask("opened", "POST", { path }).catch(() => null); // it is kept
        }
      };
      frame.addEventListener("load", attach);
      attach();
    };
    if (viewers) {
      viewers.forEach(attend);
      viewers.widgetAdded.connect((_, viewer) => attend(viewer));
      new MutationObserver(() => viewers.forEach(
        each => pageOf(each) && tint(pageOf(each))
      )).observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
    }

    // -- notebooks: home and the panels are run where they are ------------------------

    const listening = async widget => {
      await widget.context.ready;
      await widget.sessionContext.ready;
      const kernel = widget.sessionContext.session && widget.sessionContext.session.kernel;
      kernel && (await kernel.info);
    };

    // a panel is drawn a moment after its cell has run
    const drawn = async (node, what) => {
      for (let turn = 0; turn < 100; turn += 1) {
        const found = node.querySelector(`.jp-OutputArea-output .lc-panel :is(${what})`);
        if (found) {
          return found;
        }
        await new Promise(done => setTimeout(done, 100));
      }
      return null;
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
        const first = await drawn(cells[at].node, "input:enabled, button:enabled");
        first && first.focus({ preventScroll: true });
      }
    };

    // `lifecycle lab` shows home; it says something once it has run
    app.restored.then(async () => {
      if (PageConfig.getOption("workspace") !== SPACE) {
        return;
      }
      if (window.innerWidth < NARROW) { // one page at a time
        app.shell.mode = "single-document";
        ["left", "right"].filter(side => app.shell.isSideTabBarVisible(side))
          .forEach(side => app.shell.toggleSideTabBarVisibility(side));
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
        const told = done || run.state === "stopped"; // as it was wanted: no error
        const message = told ? `${title}: ${plain(run.sentence)}`
          : `${title} did not succeed (${run.state}): ${plain(run.sentence)}`;
        const open = { label: "Open report", callback: () => openPage(run.report) };
        Notification.update({
          id: shown, message, progress: undefined,
          type: done ? "success" : told ? "default" : "error",
          autoClose: told ? 8000 : false, actions: run.report ? [open] : []
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
          } else if (about) {
            say("There is no report yet; run a notebook, or lifecycle due.");
          }
        }
      },
      "lifecycle:run": {
        label: "Run a notebook now",
        caption: "Choose a notebook and a model; its report opens when it is done",
        execute: async args => {
          const about = await desk();
          about && (await runNow(about, args));
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
        icon: args => (args && args.isPalette ? undefined : icons[command.split(":")[1]])
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
