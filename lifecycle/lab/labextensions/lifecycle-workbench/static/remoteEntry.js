// Launcher tiles and palette commands of a workspace. Written by hand, so that no Node is
// needed to build it: the modules come from JupyterLab's own share scope.
(() => {
  "use strict";
  const NAME = "lifecycle-workbench";
  const PAGES = ["audit", "drift", "decide", "promote"];
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

  const activate = async (app, palette, launcher) => {
    const [{ InputDialog, IFrame, MainAreaWidget, Notification }, { LabIcon }] =
      await Promise.all(
        ["apputils", "ui-components"].map(n => use("@jupyterlab/" + n))
      );
    const icon = new LabIcon({ name: NAME + ":mark", svgstr: MARK });
    const contents = app.serviceManager.contents;
    const say = words => Notification.warning(words, { autoClose: 8000 });

    const list = async path => {
      try {
        return (await contents.get(path)).content || [];
      } catch {
        return [];
      }
    };

    // notebooks are run where they are; a page is asked for by its name
    const runNotebook = async name => {
      const path = `notebooks/${name}.ipynb`;
      const widget = await app.commands.execute("docmanager:open", { path });
      if (!widget) {
        say(`There is no ${path} here; lifecycle lab opens the folder of a workspace.`);
        return;
      }
      await widget.context.ready;
      await widget.sessionContext.ready;
      const kernel = widget.sessionContext.session && widget.sessionContext.session.kernel;
      if (kernel) {
        await kernel.info;
      }
      app.shell.activateById(widget.id);
      await app.commands.execute("notebook:run-all-cells");
    };

    // reports/MODEL/MOMENT/PAGE.html: the newest moment of all models
    const newestReport = async page => {
      let best = null;
      const models = (await list("reports")).filter(each => each.type === "directory");
      for (const model of models) {
        const moments = (await list(model.path))
          .filter(each => each.type === "directory" && /^\d{4}-\d\d-\d\d/.test(each.name))
          .sort((a, b) => (a.name < b.name ? 1 : -1));
        for (const moment of moments) {
          const found = (await list(moment.path)).filter(
            each => each.name.endsWith(".html") && (!page || each.name === page + ".html")
          );
          if (found.length) {
            found.sort((a, b) => (a.last_modified < b.last_modified ? 1 : -1));
            const each = { path: found[0].path, key: moment.name + found[0].last_modified };
            best = !best || each.key > best.key ? each : best;
            break;
          }
        }
      }
      return best && best.path;
    };

    // Pages of ours have no script and need none: they are shown in a frame that may run
    // none, and a link to another page is followed here, through the contents service.
    let frame = null;
    const follow = (from, href) =>
      decodeURIComponent(new URL(href, "http://x/" + encodeURI(from)).pathname).slice(1);

    const showPage = async path => {
      const target = frame.content.node.querySelector("iframe");
      const file = await contents.get(path, { type: "file", format: "text", content: true });
      target.onload = () => {
        const page = target.contentDocument;
        page.addEventListener("click", event => {
          const link = event.target.closest && event.target.closest("a[href]");
          const href = link && link.getAttribute("href");
          if (!href || /^[a-z]+:/i.test(href)) {
            return;
          }
          event.preventDefault();
          const [file, anchor] = href.split("#");
          const other = file ? follow(path, file) : path;
          if (other === path) {
            const place = page.getElementById(anchor || "");
            place && place.scrollIntoView();
            return;
          }
          showPage(other).catch(() => say(`${other} cannot be read; it may be gone.`));
        });
      };
      target.srcdoc = file.content;
    };

    const showIndex = async () => {
      if (!(await list("reports")).some(each => each.name === "index.html")) {
        say("There is no reports/index.html yet; run a notebook, or lifecycle due.");
        return;
      }
      if (!frame || frame.isDisposed) {
        const content = new IFrame({ sandbox: ["allow-same-origin", "allow-popups"] });
        content.node.querySelector("iframe").title = "Models";
        content.title.label = "Models";
        content.title.icon = icon;
        content.title.closable = true;
        frame = new MainAreaWidget({ content });
        frame.id = NAME + ":index";
        app.shell.add(frame, "main");
      }
      app.shell.activateById(frame.id);
      await showPage("reports/index.html");
    };

    const commands = {
      "lifecycle:home": {
        label: "Home",
        caption: "Models, alerts, proposals and feedback in one notebook",
        execute: () => runNotebook("home")
      },
      "lifecycle:index": {
        label: "All models",
        caption: "The front page of the reports",
        execute: showIndex
      },
      "lifecycle:report": {
        label: "Newest report",
        caption: "Open the report that was written last",
        execute: async ({ page }) => {
          const path = await newestReport(page);
          if (!path) {
            say("There is no report yet; run a notebook, or lifecycle due.");
            return;
          }
          await app.commands.execute("docmanager:open", { path, factory: "HTML Viewer" });
        }
      },
      "lifecycle:run": {
        label: "Run a notebook now",
        caption: "Choose a notebook of the workspace, open it and run all of it",
        execute: async ({ notebook }) => {
          let name = notebook;
          if (!name) {
            const there = (await list("notebooks"))
              .filter(each => each.name.endsWith(".ipynb"))
              .map(each => each.name.slice(0, -6));
            const items = [...PAGES.filter(p => there.includes(p)),
              ...there.filter(p => !PAGES.includes(p))];
            if (!items.length) {
              say("There are no notebooks here; lifecycle lab opens a workspace's folder.");
              return;
            }
            const chosen = await InputDialog.getItem({ title: "Run which notebook?", items });
            name = chosen.button.accept && chosen.value;
          }
          if (name) {
            await runNotebook(name);
          }
        }
      },
      "lifecycle:approve": {
        label: "Approve or reject",
        caption: "What waits for a decision, with its evidence",
        execute: () => runNotebook("promote")
      }
    };
    Object.entries(commands).forEach(([command, about], rank) => {
      app.commands.addCommand(command, {
        ...about,
        label: args => (args && args.isPalette ? "Lifecycle: " + about.label : about.label),
        icon: args => (args && args.isPalette ? undefined : icon)
      });
      if (palette) {
        palette.addItem({ command, category: "Lifecycle", args: { isPalette: true } });
      }
      if (launcher) {
        launcher.add({ command, category: "Lifecycle", rank });
      }
    });
  };

  const plugin = async () => ({
    id: NAME + ":plugin",
    description: "Launcher tiles and palette commands of a workspace.",
    autoStart: true,
    optional: [
      (await use("@jupyterlab/apputils")).ICommandPalette,
      (await use("@jupyterlab/launcher")).ILauncher
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
