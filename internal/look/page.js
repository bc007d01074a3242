// Filters the findings, and copies one or its fix. Without it the page shows everything.
(() => {
  const findings = [...document.querySelectorAll(".finding[data-rule]")];
  const element = (tag, props, ...children) => {
    const e = Object.assign(document.createElement(tag), props);
    e.append(...children);
    return e;
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // a page that was opened from a file may not
      const area = element("textarea", {value: text});
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  const button = (label, title, text) => {
    const b = element("button", {type: "button", className: "copy", textContent: label, title});
    b.addEventListener("click", async () => {
      await copy(text());
      b.textContent = "copied";
      setTimeout(() => { b.textContent = label; }, 1500);
    });
    return b;
  };
  const told = (finding) => {
    const parts = [finding.dataset.rule + ": " + finding.dataset.object];
    for (const part of finding.querySelectorAll(":scope > :not(h4):not(.copies)")) parts.push(part.innerText.trim());
    return parts.join("\n");
  };
  for (const finding of findings) {
    const fix = finding.querySelector(".fix code"), lines = finding.querySelector(".declaration");
    const copies = element("div", {className: "copies"}, button("copy", "Copy the finding as text", () => told(finding)));
    if (fix) copies.append(button("copy fix", "Copy the fix", () => fix.textContent));
    if (lines) copies.append(button("copy yaml", "Copy the lines for seedbed.yaml", () => lines.textContent));
    finding.prepend(copies);
  }
  if (findings.length < 2) return;

  const values = (key) => [...new Set(findings.map((f) => f.dataset[key]).filter(Boolean))];
  const choice = (key, all, sorted) => {
    const found = values(key);
    if (sorted) found.sort();
    const select = element("select", {}, element("option", {value: "", textContent: all}));
    for (const v of found) select.append(element("option", {value: v, textContent: v}));
    select.setAttribute("aria-label", all);
    select.addEventListener("change", () => apply());
    return {key, select};
  };
  const choices = [choice("severity", "every severity"), choice("rule", "every rule", true), choice("table", "every table", true)];
  const count = element("output", {className: "soft"});
  const bar = element("form", {className: "filter"}, ...choices.map((c) => c.select), count);
  const folds = [...document.querySelectorAll("details:has(.finding)")];
  const holders = [...document.querySelectorAll(".statement, article:has(.finding)")];
  const apply = () => {
    const wanted = choices.filter((c) => c.select.value !== "");
    let shown = 0;
    for (const f of findings) {
      f.hidden = wanted.some((c) => f.dataset[c.key] !== c.select.value);
      if (!f.hidden) shown++;
    }
    for (const fold of folds) if (wanted.length) fold.open = true;
    for (const h of holders) h.hidden = wanted.length > 0 && !h.querySelector(".finding:not([hidden])");
    for (const fold of folds) fold.hidden = wanted.length > 0 && !fold.querySelector(".finding:not([hidden])");
    count.textContent = wanted.length ? shown + " of " + findings.length : "";
  };
  // A link to a finding that the filter hides shows it.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.closest("[hidden]")) return;
    for (const c of choices) c.select.value = "";
    apply();
    target.scrollIntoView();
  });
  (document.querySelector("#findings > h2") || document.querySelector("#migrations > .keys") || findings[0]).after(bar);
})();
