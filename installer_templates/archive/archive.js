// The archive's page: an offer for the visitor's own system, filters and search, and buttons that copy.
// Without this script the page is a plain table; everything that needs it is hidden until it is here.
"use strict";

const $ = (id) => document.getElementById(id);
const onTheWeb = /^https?:$/.test(location.protocol);
const base = new URL(document.body.dataset.root || ".", location.href).href.replace(/[^/]*([?#].*)?$/, "");

// --- Commands to copy -----------------------------------------------------------------------------------------------------

// A word of a shell: in single quotes where it must be, which sh and PowerShell read alike.
const quote = (word) => (/[^\w@%+=:,./-]/.test(word) ? `'${word.replaceAll("'", "%27")}'` : word);

// What _fill in builder/archive/page.py does; the line that fetches is there where the page has an address.
function fill(template, file, sha256) {
    const lines = template.split("\n").filter((line) => onTheWeb || !/\{(url|base)\}/.test(line));
    const words = { url: quote(base + file), base: base.replaceAll("'", "%27"), file: quote(file), name: file, sha256 };
    return lines.join("\n").replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole);
}

function setUpCommand(box) {
    const { template, file, sha256 } = box.dataset;
    if (template) box.querySelector("code").textContent = fill(template, file, sha256);
    const button = box.querySelector("button");
    button.hidden = false;
    button.addEventListener("click", () => copy(box.querySelector("code"), button));
}

async function copy(code, button) {
    let copied = false;
    try {
        await navigator.clipboard.writeText(code.textContent);
        copied = true;
    } catch {
        // An intranet without https has no clipboard API; the old way still works there.
        getSelection().selectAllChildren(code);
        copied = document.execCommand("copy");
    }
    button.textContent = copied ? "Copied" : "Press Ctrl+C";
    button.setAttribute("aria-live", "polite");
    setTimeout(() => { button.textContent = "Copy"; }, 2500);
}

// --- Which system is this? ------------------------------------------------------------------------------------------------

// What the graphics driver calls itself: the only thing by which some browsers tell an Apple chip from an Intel one.
function graphics() {
    try {
        const gl = document.createElement("canvas").getContext("webgl");
        const info = gl.getExtension("WEBGL_debug_renderer_info");
        const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
        gl.getExtension("WEBGL_lose_context")?.loseContext();
        return name;
    } catch {
        return "";
    }
}

// {platform: its name in the archive or "", doubt: what is not sure, other: another platform that it may be}
async function detect() {
    const agent = navigator.userAgent;
    const data = navigator.userAgentData;
    let told = {};
    try {
        told = (await data?.getHighEntropyValues(["architecture", "bitness"])) ?? {};
    } catch { /* refused: as if it did not exist */ }
    const named = data?.platform || "";
    const cpu = { "x86-64": "x86", "arm-64": "arm" }[`${told.architecture}-${told.bitness}`];
    if (/Android|iPhone|iPad|iPod|CrOS/.test(agent) || /Android|iOS|Chrom/.test(named)) return { platform: "" };
    if (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1) return { platform: "" };  // an iPad that asks for desktop pages
    if (/Windows/.test(named || agent)) return windows(agent, cpu);
    if (/mac/i.test(named) || /Macintosh/.test(agent)) return mac(cpu);
    if (/Linux/.test(named || agent)) return linux(agent, cpu);
    return { platform: "" };
}

function windows(agent, cpu) {
    if (cpu) return { platform: cpu === "arm" ? "windows-arm64" : "windows-x86_64" };
    if (/ARM64|aarch64/i.test(agent)) return { platform: "windows-arm64" };
    if (/Windows NT/.test(agent) && !/Win64|WOW64|x64/.test(agent)) {
        return { platform: "windows-x86_64", doubt: "Your browser is a 32-bit one; Windows must be a 64-bit one." };
    }
    const doubt = "Your browser does not tell the processor: most computers with Windows have an x86-64 one.";
    return { platform: "windows-x86_64", doubt, other: "windows-arm64" };
}

function mac(cpu) {
    if (cpu) return { platform: cpu === "arm" ? "macos-arm64" : "macos-x86_64" };
    const chip = graphics();
    if (/Apple M\d/.test(chip)) return { platform: "macos-arm64" };
    if (/Intel|AMD|Radeon|NVIDIA|GeForce/i.test(chip)) return { platform: "macos-x86_64" };
    const doubt = "Your browser does not tell the chip: Macs since the end of 2020 have Apple silicon (Apple menu, About This Mac).";
    return { platform: "macos-arm64", doubt, other: "macos-x86_64" };
}

function linux(agent, cpu) {
    if (cpu) return { platform: cpu === "arm" ? "linux-aarch64" : "linux-x86_64" };
    const words = `${agent} ${navigator.platform}`;
    if (/aarch64|arm64|armv8/i.test(words)) return { platform: "linux-aarch64" };
    if (/armv[67]|i[3-6]86(?! on x86_64)|riscv|ppc|s390|mips/i.test(words)) return { platform: "" };
    if (/Firefox/.test(agent) && /x86_64/.test(words)) return { platform: "linux-x86_64" };
    const doubt = "Your browser may not tell the processor truly: “uname -m” does.";
    return { platform: "linux-x86_64", doubt, other: "linux-aarch64" };
}

// --- The offer ------------------------------------------------------------------------------------------------------------

// Programs for the left one run there too, by emulation.
const EMULATES = { "macos-arm64": "macos-x86_64", "windows-arm64": "windows-x86_64" };

function setUpOffer() {
    const tables = [...document.querySelectorAll("table.matrix")];
    if (!tables.length) return;
    const names = Object.fromEntries([...document.querySelectorAll("#filter-platform option")].map((one) => [one.value, one.text]));
    const products = Object.fromEntries(tables.map((table) => [table.dataset.product, [...table.querySelectorAll("a")]]));
    const fields = { product: $("choose-product"), platform: $("choose-platform"), python: $("choose-python") };
    fields.product.append(...tables.map((table) => new Option(table.dataset.title, table.dataset.product)));
    $("choose-product-label").hidden = tables.length === 1;
    const files = () => products[fields.product.value];
    const unique = (key, links) => [...new Set(links.map((link) => link.dataset[key]))];
    let system = { platform: "" };

    function choices(select, values, text, wanted) {
        const kept = [wanted, select.value].find((value) => values.includes(value)) ?? values[0];
        select.replaceChildren(...values.map((value) => new Option(text(value), value)));
        select.value = kept;
    }
    function fit(wanted) {
        const able = [wanted, EMULATES[wanted]].find((name) => unique("platform", files()).includes(name));
        choices(fields.platform, unique("platform", files()), (name) => names[name] ?? name, able);
        fitPython();
        return able;
    }
    function fitPython() {
        const links = files().filter((link) => link.dataset.platform === fields.platform.value);
        choices(fields.python, unique("python", links), (version) => version);
    }
    function show(able, chosen) {
        const { platform, python } = { platform: fields.platform.value, python: fields.python.value };
        const [file, ...others] = files().filter((link) => link.dataset.platform === platform && link.dataset.python === python);
        const { size, sha256, template, version } = file.dataset;
        const name = file.getAttribute("href");
        const label = Object.assign(document.createElement("span"), { textContent: names[platform] });
        $("yours-title").replaceChildren(...chosen ? ["For ", label] : able ? ["For your computer: ", label] : ["Choose the system that it is for"]);
        const note = $("yours-note");
        note.textContent = chosen ? "" : doubts(able);
        if (!chosen && system.other && unique("platform", files()).includes(system.other)) {
            note.append(" ", action(`Take ${names[system.other]}`, () => { fields.platform.value = system.other; change(); }));
        }
        const button = $("yours-button");
        button.href = name;
        button.querySelector("span").textContent = `Download ${file.closest("table").dataset.title} ${version}`;
        button.querySelector("small").textContent = `Python ${python}, .${file.dataset.format}, ${size}`;
        $("yours-others").replaceChildren(...others.flatMap((other) => ["Also as ", other.cloneNode(true), " "]));
        $("yours-command").querySelector("code").textContent = fill(template, name, sha256);
        bootstrap(platform, python);
    }
    function doubts(able) {
        if (!system.platform) return "No installer is known to run on this device; this is for another one.";
        if (!able) return `There is none for your system, ${names[system.platform] ?? system.platform}.`;
        if (able !== system.platform) return `There is none for ${names[system.platform] ?? system.platform}; this one runs there by emulation.`;
        return system.doubt ?? "";
    }
    function bootstrap(platform, python) {
        const windows = platform.startsWith("windows");
        // What the script does without being told: the product that the page names, and the newest Python.
        // A script that was published without its address has to be told.
        const options = [["archive", quote(base), $("yours").dataset.archive && quote(base)], ["name", fields.product.value, $("yours").dataset.default], ["python", python, fields.python.options[0].value]];
        const words = options.filter(([, value, usual]) => value !== usual).map(([key, value]) => ` ${windows ? "-" : "--"}${key} ${value}`).join("");
        const script = quote(`${base}install.${windows ? "ps1" : "sh"}`);
        $("yours-bootstrap").querySelector("code").textContent = windows
            ? `& ([scriptblock]::Create((irm ${script})))${words}`
            : `curl -fsSL ${script} | sh${words && ` -s --${words}`}`;
        $("yours-script").href = `install.${windows ? "ps1" : "sh"}`;
        for (const id of ["yours-bootstrap", "yours-line"]) $(id).hidden = !onTheWeb;
        $("yours-check").textContent = onTheWeb ? "Download, check and install" : "Check and install";
    }
    const change = () => show(true, true);
    fields.product.addEventListener("change", () => { fit(fields.platform.value); change(); });
    fields.platform.addEventListener("change", () => { fitPython(); change(); });
    fields.python.addEventListener("change", change);
    detect().then((found) => {
        system = found;
        show(fit(system.platform), false);
        $("yours").hidden = false;
    });
}

function action(text, run) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "inline", textContent: text });
    button.addEventListener("click", run);
    return button;
}

// --- Versions (PEP 440, as far as a search needs it) ----------------------------------------------------------------------

const VERSION = /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)[-_.]?(?:(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?(?:(?:[-_.]?(post|rev|r)[-_.]?|-)(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+.*)?$/i;

// A list of numbers that sorts as the version does, without the zeros at the end of its release; null for what is none.
function versionKey(text) {
    const found = VERSION.exec(text);
    if (!found) return null;
    const [, epoch, release, pre, preNumber, post, postNumber, dev, devNumber] = found;
    const isPost = post !== undefined || postNumber !== undefined;
    const phase = pre ? { a: 1, b: 2 }[pre[0].toLowerCase()] ?? 3 : dev && !isPost ? 0 : 4;
    const rest = [phase, +(preNumber || 0), isPost ? 1 + +(postNumber || 0) : 0, dev ? +(devNumber || 0) : Infinity];
    return { epoch: +(epoch || 0), release: release.split(".").map(Number), rest };
}

function compare(one, other) {
    if (one.epoch !== other.epoch) return one.epoch - other.epoch;
    for (let place = 0; place < Math.max(one.release.length, other.release.length); place++) {
        const difference = (one.release[place] ?? 0) - (other.release[place] ?? 0);
        if (difference) return difference;
    }
    const place = one.rest.findIndex((value, at) => value !== other.rest[at]);
    return place < 0 ? 0 : one.rest[place] - other.rest[place];
}

const begins = (version, start) => version.epoch === start.epoch
    && start.release.every((number, place) => (version.release[place] ?? 0) === number);

const isEarly = (version) => version.rest[0] < 4 || version.rest[3] !== Infinity;

const isLate = (version, of) => version.rest[2] && !of.rest[2] && version.rest[0] === of.rest[0] && version.rest[1] === of.rest[1];

function fits(text, operator, wanted) {
    const version = versionKey(text);
    const limit = versionKey(wanted.replace(/\.\*$/, ""));
    if (!version || !limit) return text === wanted && operator !== "!=";
    // `scipy 1.17` and `=1.17` mean every 1.17.x, as people say it; `==1.17` means that one.
    const family = wanted.endsWith(".*") || operator === "=";
    const release = compare({ ...version, rest: [] }, { ...limit, rest: [] }) === 0;
    const same = family ? begins(version, limit) : compare(version, limit) === 0;
    switch (operator) {
        case "=": case "==": case "===": return same;
        case "!=": return !same;
        case ">=": return compare(version, limit) >= 0;
        case "<=": return compare(version, limit) <= 0;
        // 2.0rc1 is not <2.0, and 1.7.post1 not >1.7, though they sort so.
        case ">": return compare(version, limit) > 0 && !(release && isLate(version, limit));
        case "<": return compare(version, limit) < 0 && !(release && isEarly(version) && !isEarly(limit) && version.rest[2] === limit.rest[2]);
        default: return compare(version, limit) >= 0 && begins(version, { ...limit, release: limit.release.slice(0, -1) });  // ~=
    }
}

// --- The search -----------------------------------------------------------------------------------------------------------

const normal = (name) => name.toLowerCase().replace(/[-_.]+/g, "-");

const LIMIT = /^(?:(===|==|!=|~=|>=|<=|=|>|<)\s*)?v?(\d[\w.!+*]*)(?![\w-])/;
const NAME = /^[A-Za-z0-9][\w.+-]*/;

// "scipy>=1.16,<2 numpy 2" -> [{name: "scipy", limits: [[">=", "1.16"], ["<", "2"]]}, {name: "numpy", limits: [["=", "2"]]}]
function parse(query) {
    const wanted = [];
    for (let rest = query.trim(); rest;) {
        const limit = wanted.length ? LIMIT.exec(rest) : null;
        const found = limit ?? NAME.exec(rest);
        if (!found) return { wanted, odd: rest };
        if (limit) wanted.at(-1).limits.push([limit[1] || "=", limit[2]]);
        else wanted.push({ name: found[0], limits: [] });
        rest = rest.slice(found[0].length).replace(/^[\s,;]+/, "");
    }
    return { wanted };
}

// The sets of packages that fit, as set -> version. versions: [[version, runs], …] with runs as search_data.py writes them.
function holders(versions, limits) {
    const found = new Map();
    for (const [version, runs] of versions) {
        if (!limits.every(([operator, wanted]) => fits(version, operator, wanted))) continue;
        let set = 0;
        runs.forEach((length, place) => {
            if (place % 2) for (let end = set + length; set < end; set++) found.set(set, version);
            else set += length;
        });
    }
    return found;
}

// What a query asks of a file: packages (by their sets) and words of its name.
function conditions(wanted, packages) {
    const having = [];
    const words = [];
    for (const { name, limits } of wanted) {
        const known = normal(name);
        if (Object.hasOwn(packages, known)) having.push({ name: known, sets: holders(packages[known], limits) });
        else words.push(name.toLowerCase(), ...limits.map(([, version]) => version.toLowerCase()));
    }
    return { having, words };
}

// --- Filters --------------------------------------------------------------------------------------------------------------

const [FILE, SHA256, SIZE, TIME, PRODUCT, PLATFORM, PYTHON, FORMAT, PACKAGES, STORE] = Array(10).keys();

// A script with data in it: one call of a function, which is made here.
const loaded = {};
function load(path, callback) {
    loaded[path] ??= new Promise((resolve, reject) => {
        window[callback] = resolve;
        const script = document.createElement("script");
        script.src = path;
        script.onerror = () => { delete loaded[path]; reject(new Error(path)); };
        document.head.append(script);
    });
    return loaded[path];
}

function fileSize(bytes) {
    let [value, unit] = [bytes, ""];
    for (const larger of ["kB", "MB", "GB", "TB"]) {
        if (value < 999.95) break;
        [value, unit] = [value / 1000, larger];
    }
    return unit ? `${value.toFixed(1)} ${unit}` : `${bytes} bytes`;
}

function setUpFilters() {
    const section = $("files");
    const form = $("filters");
    if (!form) return;
    const body = section.querySelector("tbody");
    const plain = [...body.children];
    if (!plain.length) return;
    const pages = section.querySelector(".pages");
    const status = $("found");
    const step = Number(section.dataset.pageRows);
    const inputs = { q: $("search"), product: $("filter-product"), platform: $("filter-platform"), python: $("filter-python"), format: $("filter-format") };
    let matches = [];

    function row([file, facts]) {
        const copied = plain[0].cloneNode(true);
        const [name, details] = copied.querySelectorAll("a");
        name.href = name.textContent = file[FILE];
        details.href = `installers/${file[FILE]}.html`;
        details.setAttribute("aria-label", `Details of ${file[FILE]}`);
        if (facts) copied.querySelector("th").append(Object.assign(document.createElement("span"), { className: "has", textContent: facts }));
        copied.querySelector(".size").textContent = fileSize(file[SIZE]);
        const time = copied.querySelector("time");
        time.dateTime = new Date(file[TIME] * 1000).toISOString().replace(".000", "");
        time.textContent = time.dateTime.slice(0, 16).replace("T", " ");
        copied.querySelector(".hash code").textContent = file[SHA256];
        return copied;
    }
    function more() {
        const shown = body.children.length;
        body.append(...matches.slice(shown, shown + step).map(row));
        $("more").hidden = body.children.length >= matches.length;
        return body.children[shown];
    }
    function tell(text, trouble = false) {
        status.textContent = text;
        status.classList.toggle("trouble", trouble);
    }
    function showAll() {
        body.replaceChildren(...plain);
        if (pages) pages.hidden = false;
        $("more").hidden = true;
        tell("");
    }
    function facts(file, having) {
        return having.map(({ name, sets }) => (sets.has(file[PACKAGES]) ? `${name} ${sets.get(file[PACKAGES])}`
            : `${name} ${sets.get(file[STORE])}, not in the base, but offline on offer`)).join(", ");
    }
    function find(list, { having, words }) {
        const number = (key, table) => (inputs[key].value ? list[table].indexOf(inputs[key].value) : null);
        const equal = [[PRODUCT, number("product", "products")], [PLATFORM, number("platform", "platforms")],
            [PYTHON, number("python", "pythons")], [FORMAT, number("format", "formats")]].filter(([, value]) => value !== null);
        return list.rows.filter((file) => equal.every(([key, value]) => file[key] === value)
            && having.every(({ sets }) => sets.has(file[PACKAGES]) || sets.has(file[STORE]))
            && words.every((word) => file[FILE].toLowerCase().includes(word)));
    }
    function summary(count, { having, words }, packages) {
        const files = count === 1 ? "1 file" : `${count.toLocaleString("en")} files`;
        if (count || !words.length) return count ? files : "No file fits.";
        const word = words[0];
        const near = Object.keys(packages).filter((name) => name.startsWith(normal(word).slice(0, Math.max(2, word.length - 2)))).slice(0, 6);
        const hint = near.length ? ` Packages with names like it: ${near.join(", ")}.` : "";
        return having.length + words.length > 1 ? `No file fits all of that.${hint}` : `No package and no file is called “${word}”.${hint}`;
    }
    async function update() {
        const query = inputs.q.value.trim();
        remember();
        if (!query && !Object.values(inputs).some((input) => input.value)) return showAll();
        try {
            const list = await load(section.dataset.files, "keelFiles");
            const packages = query ? await load(section.dataset.packages, "keelPackages") : {};
            if (query !== inputs.q.value.trim()) return;  // typed on meanwhile
            const { wanted, odd } = parse(query);
            const asked = conditions(wanted, packages);
            matches = find(list, asked).map((file) => [file, facts(file, asked.having)]);
            body.replaceChildren();
            more();
            if (pages) pages.hidden = true;
            tell(odd ? `“${odd}” cannot be read; a version follows =, ==, >=, <=, <, > or ~=.` : summary(matches.length, asked, packages), !matches.length);
        } catch {
            tell("The list cannot be loaded: the archive may have changed meanwhile. Load the page again.", true);
        }
    }
    // The address names what is shown, so that it can be passed on.
    function remember() {
        const words = new URLSearchParams(Object.entries(inputs).map(([key, input]) => [key, input.value]).filter(([, value]) => value));
        const hash = String(words) ? `#${words}` : "";
        if (hash !== location.hash && (hash || location.hash.includes("="))) history.replaceState(null, "", hash || location.pathname + location.search);
    }
    function recall() {
        const words = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
        for (const [key, input] of Object.entries(inputs)) {
            const value = words.get(key) ?? "";
            if (key === "q" || [...input.options].some((one) => one.value === value)) input.value = value;
        }
        update();
    }
    async function offerNames() {
        try {
            const names = Object.keys(await load(section.dataset.packages, "keelPackages"));
            $("packages").replaceChildren(...names.map((name) => new Option(name, name)));
        } catch { /* update() says it when something is searched */ }
    }
    form.hidden = false;
    inputs.product.parentElement.hidden = inputs.product.options.length < 3;
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(update));
    inputs.q.addEventListener("focus", offerNames, { once: true });
    $("more").querySelector("button").addEventListener("click", () => more()?.querySelector("a").focus());
    window.addEventListener("hashchange", recall);
    recall();
}

document.querySelectorAll(".command").forEach(setUpCommand);
setUpOffer();
setUpFilters();
