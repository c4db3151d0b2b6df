// Opens the built site in a real browser. Without one it says so, and is skipped.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const dist = fileURLToPath(new URL("../.vitepress/dist/", import.meta.url));
const executablePath = [
  process.env["CHROMIUM_PATH"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));
if (executablePath === undefined) {
  console.warn(
    "Skipped: no Chromium here. Install one (Debian: apt-get install chromium) or set CHROMIUM_PATH.",
  );
}

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".woff2": "font/woff2",
};

/** The site as any host of files would serve it. */
function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://site").pathname);
    const file = join(dist, path.endsWith("/") ? `${path}index.html` : path);
    if (!file.startsWith(dist) || !existsSync(file) || statSync(file).isDirectory()) {
      response.writeHead(404).end();
      return;
    }
    const type = types[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type }).end(readFileSync(file));
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve(server);
    });
  });
}

/** The pages, as paths: "/guide/tutorial.html". */
function pages(): string[] {
  return readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".html") && file !== "404.html")
    .map((file) => `/${file.replaceAll("\\", "/")}`)
    .sort();
}

const phone = { width: 375, height: 740 };

describe.skipIf(executablePath === undefined)("the site in a browser", () => {
  let server: Server;
  let browser: Browser;
  let origin = "";

  beforeAll(async () => {
    if (!existsSync(join(dist, "index.html"))) throw new Error("Build the site first: npm run docs:site");
    server = await serve();
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    origin = `http://127.0.0.1:${address.port}`;
    browser = await chromium.launch({
      executablePath: executablePath!,
      headless: true,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });

  afterAll(async () => {
    await browser.close();
    await new Promise((resolve) => server.close(resolve));
  });

  /** A page of its own, with nothing remembered; what goes wrong in it is collected. */
  async function open(
    options: Parameters<Browser["newContext"]>[0],
    body: (page: Page, problems: string[], context: BrowserContext) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext(options);
    const problems: string[] = [];
    try {
      const page = await context.newPage();
      page.on("pageerror", (error) => problems.push(`${page.url()}: ${error.message}`));
      page.on("console", (message) => {
        if (message.type() === "error") problems.push(`${page.url()}: ${message.text()}`);
      });
      page.on("response", (response) => {
        if (response.status() >= 400) problems.push(`${page.url()}: ${response.status()} ${response.url()}`);
      });
      await body(page, problems, context);
    } finally {
      await context.close();
    }
  }

  it("has no broken link, missing anchor, missing picture or error, and leads from the first page to each", () =>
    open({}, async (page, problems) => {
      const anchors = new Map<string, Set<string>>();
      const links: { from: string; to: URL }[] = [];
      for (const path of pages()) {
        await page.goto(origin + path);
        await page.waitForFunction(() => "__vue_app__" in (document.querySelector("#app") ?? {})); // it has come to life
        const found = await page.evaluate(() => ({
          ids: Array.from(document.querySelectorAll("[id]"), (element) => element.id),
          links: Array.from(document.querySelectorAll("a[href]"), (a) => (a as HTMLAnchorElement).href),
          pictures: Array.from(document.images)
            .filter((image) => image.loading !== "lazy" && image.naturalWidth === 0)
            .map((image) => image.src),
        }));
        anchors.set(path, new Set(found.ids));
        for (const link of found.links) links.push({ from: path, to: new URL(link) });
        problems.push(...found.pictures.map((src) => `${path}: no picture ${src}`));
      }
      for (const { from, to } of links) {
        if (to.origin !== origin) continue;
        const path = to.pathname.endsWith("/") ? `${to.pathname}index.html` : to.pathname;
        const ids = anchors.get(path);
        const id = decodeURIComponent(to.hash.slice(1));
        if (ids === undefined) problems.push(`${from}: no page ${to.pathname}`);
        else if (id !== "" && !ids.has(id)) problems.push(`${from}: no place ${to.pathname}#${id}`);
      }
      // What can be reached from the first page, link by link.
      const reached = new Set(["/index.html"]);
      for (const path of reached) {
        for (const { from, to } of links) {
          if (from !== path || to.origin !== origin) continue;
          reached.add(to.pathname.endsWith("/") ? `${to.pathname}index.html` : to.pathname);
        }
      }
      problems.push(
        ...pages()
          .filter((path) => !reached.has(path))
          .map((path) => `nothing leads to ${path}`),
      );
      expect(pages().length).toBeGreaterThan(40);
      expect([...new Set(problems)]).toEqual([]);
    }));

  it("fits on a phone: no page scrolls sideways, and text is not tiny", () =>
    open({ viewport: phone, isMobile: true, hasTouch: true }, async (page, problems) => {
      for (const path of pages()) {
        await page.goto(origin + path, { waitUntil: "load" });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        if (wide > phone.width) problems.push(`${path} is ${wide} pixels wide`);
        const size = await page.evaluate(() => {
          const text = document.querySelector(".vp-doc p");
          return text === null ? 16 : Number.parseFloat(getComputedStyle(text).fontSize);
        });
        if (size < 14) problems.push(`${path} has text of ${size} pixels`);
      }
      expect(problems).toEqual([]);
    }));

  it.each([
    ["nursery", "nursery"],
    ["openWatchChannel", "channel"],
    ["server-sent events", "server-sent-events"],
    ["orphan", "glossary"],
  ])("finds %s, and goes there", (words, where) =>
    open({}, async (page, problems) => {
      await page.goto(`${origin}/guide/getting-started.html`, { waitUntil: "networkidle" });
      await page.locator(".VPNavBarSearch button").first().click();
      await page.locator(".VPLocalSearchBox input").fill(words);
      const results = page.locator(".VPLocalSearchBox .results a.result");
      await results.first().waitFor();
      const targets = await results.evaluateAll((all) => all.map((a) => a.getAttribute("href") ?? ""));
      expect(targets.some((target) => target.includes(where))).toBe(true);
      await results.first().click();
      await page.waitForURL((url) => !url.pathname.endsWith("/getting-started.html"));
      expect(problems).toEqual([]);
    }),
  );

  it.each(["light", "dark"] as const)(
    "is readable when the system is %s, and can be switched",
    (colorScheme) =>
      open({ colorScheme }, async (page) => {
        for (const path of ["/index.html", "/guide/tutorial.html", "/comparison.html", "/api/channel.html"]) {
          await page.goto(origin + path, { waitUntil: "networkidle" });
          expect(await page.evaluate(() => document.documentElement.classList.contains("dark"))).toBe(
            colorScheme === "dark",
          );
          expect(await faint(page), path).toEqual([]);
          await page.locator(".VPSwitchAppearance").first().click({ force: true });
          await page.waitForTimeout(600); // colours fade
          expect(await page.evaluate(() => document.documentElement.classList.contains("dark"))).toBe(
            colorScheme === "light",
          );
          expect(await faint(page), `${path}, switched`).toEqual([]);
          await page.evaluate(() => {
            localStorage.clear();
          });
        }
      }),
  );
});

/** Texts of the page, pictures included, whose contrast to their background is below 4.5 to 1 (WCAG AA). */
function faint(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    type Colour = [number, number, number, number];
    const parse = (text: string): Colour => {
      const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
      return [r, g, b, a];
    };
    const over = ([r, g, b, a]: Colour, under: Colour): Colour => [
      r * a + under[0] * (1 - a),
      g * a + under[1] * (1 - a),
      b * a + under[2] * (1 - a),
      1,
    ];
    const light = ([r, g, b]: Colour): number => {
      const [x = 0, y = 0, z = 0] = [r, g, b].map((value) =>
        value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const backgroundOf = (element: Element): Colour => {
      const layers: Colour[] = [];
      for (let each: Element | null = element; each !== null; each = each.parentElement) {
        layers.push(parse(getComputedStyle(each).backgroundColor));
      }
      return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255, 1]);
    };
    const found = new Set<string>();
    for (const element of document.querySelectorAll(
      ".vp-doc :is(p, li, td, th, h1, h2, h3, code span, a, svg text)",
    )) {
      const text = Array.from(element.childNodes)
        .filter((node) => node.nodeType === Node.TEXT_NODE)
        .map((node) => (node.textContent ?? "").trim())
        .join("");
      if (text === "" || element.getClientRects().length === 0) continue;
      const style = getComputedStyle(element);
      const background = backgroundOf(element);
      const colour = over(parse(element instanceof SVGElement ? style.fill : style.color), background);
      const [more, less] = [light(colour), light(background)].sort((a, b) => b - a) as [number, number];
      const contrast = (more + 0.05) / (less + 0.05);
      if (contrast < 4.5) found.add(`${contrast.toFixed(2)}: ${text.slice(0, 40)} (${style.color})`);
    }
    return [...found];
  });
}
