// Drives a real Chromium for a test in another language. Each line of standard
// input is {code, argument}, where code is a function of (page, argument); each
// line of standard output is its result.
const fs = require("fs");
const readline = require("readline");
const { chromium } = require("playwright-core");

// Records errors of the page, and its requests to other hosts.
function listen(page, origin, faults) {
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(origin)) faults.push(`elsewhere: ${request.url()}`);
  });
}

async function main() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  const faults = [];
  let page = null;
  const open = async ({ url, ...options }) => {
    if (page) await page.context().close();
    faults.length = 0;
    page = await (await browser.newContext(options)).newPage();
    listen(page, new URL(url).origin, faults);
    await page.goto(url);
  };
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { code, argument } = JSON.parse(line);
    let answer;
    try {
      answer = { value: (await eval(`(${code})`)(page, argument, { open, faults, axe: () => fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8") })) ?? null };
    } catch (error) {
      answer = { error: error.stack };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  await browser.close();
}

main();
