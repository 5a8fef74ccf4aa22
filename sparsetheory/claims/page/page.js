"use strict";
(() => {
  const form = document.querySelector(".filters");
  const rows = [...document.querySelectorAll(".claim")];
  const status = form.querySelector(".count");
  const none = document.querySelector(".none");
  const { q, document: documents, verdict, topic, open } = form.elements;
  const fields = { q, document: documents, verdict, topic };
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const shown = () => rows.filter((row) => !row.hidden);

  function apply() {
    const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const has = row.dataset;
      row.hidden = !(
        (!documents.value || has.document.split(" ").includes(documents.value)) &&
        (!verdict.value || has.verdict === verdict.value) &&
        (!topic.value || has.topic === topic.value) &&
        words.every((word) => texts.get(row).includes(word))
      );
    }
    const count = shown().length;
    const text = `${count} of ${rows.length} claims`;
    if (status.textContent !== text) status.textContent = text;
    none.hidden = count > 0;
    label();
  }

  function label() {
    const all = shown().every((row) => row.open);
    open.textContent = all && shown().length ? "Close all" : "Open all";
  }

  function write() {
    const state = new URLSearchParams();
    for (const [name, field] of Object.entries(fields)) {
      if (field.value) state.set(name, field.value);
    }
    const hash = state.toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  function read() {
    const hash = location.hash.slice(1);
    const row = rows.find((each) => each.id === hash);
    if (!row && hash && !hash.includes("=")) return;
    const state = new URLSearchParams(row ? "" : hash);
    for (const [name, field] of Object.entries(fields)) {
      field.value = state.get(name) || "";
      if (field.selectedIndex === -1) field.value = "";
    }
    apply();
    if (row) {
      row.open = true;
      row.scrollIntoView();
    }
  }

  const change = () => {
    apply();
    write();
  };
  form.addEventListener("input", change);
  form.addEventListener("reset", () => setTimeout(change));
  form.addEventListener("submit", (event) => event.preventDefault());
  open.addEventListener("click", () => {
    const opened = open.textContent === "Open all";
    for (const row of shown()) row.open = opened;
  });
  for (const row of rows) row.addEventListener("toggle", label);

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = rows.filter((row) => !row.open);
    for (const row of closed) row.open = true;
  });
  addEventListener("afterprint", () => {
    for (const row of closed) row.open = false;
  });
  addEventListener("hashchange", () => {
    read();
    if (location.hash.includes("=")) document.getElementById("ledger").focus();
  });
  form.hidden = false;
  read();
})();
