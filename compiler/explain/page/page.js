"use strict";
(() => {
  const inspector = document.getElementById("inspector");
  const source = document.querySelector(".sources");
  let lit = [];

  function light(name, follow) {
    for (const each of lit) each.classList.remove("lit");
    lit = name ? [...document.querySelectorAll(".piece")].filter((e) => e.dataset.piece === name) : [];
    for (const each of lit) each.classList.add("lit");
    const link = lit.find((e) => e.dataset.about);
    inspector.textContent = link ? link.dataset.about : "";
    if (!follow || !source) return;
    const at = lit.find((e) => source.contains(e));
    if (at && source.scrollHeight > source.clientHeight) {
      source.scrollTop += at.getBoundingClientRect().top - source.getBoundingClientRect().top - source.clientHeight / 3;
    }
  }

  function pieceAt(event) {
    const piece = event.target.closest ? event.target.closest("[data-piece]") : null;
    return piece ? piece.dataset.piece : null;
  }

  document.addEventListener("pointerover", (event) => {
    const name = pieceAt(event);
    if (name) light(name, !source.contains(event.target));
  });
  document.addEventListener("focusin", (event) => {
    light(pieceAt(event), true);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") light(null, false);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest ? event.target.closest("a.piece") : null;
    if (!link || !source || source.scrollHeight <= source.clientHeight) return;
    event.preventDefault();
    light(link.dataset.piece, true);
  });

  function duration(seconds) {
    let left = Math.round(seconds);
    const parts = [];
    for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
      const count = Math.floor(left / size);
      left -= count * size;
      if (count) parts.push(`${count} ${unit}`);
    }
    return parts.slice(0, 2).join(" ") || "0 s";
  }

  for (const plot of document.querySelectorAll(".plot svg")) {
    const peaks = new Map();
    for (const each of plot.dataset.points.split(" ")) {
      const [seconds, used] = each.split(":").map(Number);
      peaks.set(seconds, Math.max(used, peaks.get(seconds) ?? 0));
    }
    const points = [...peaks];
    const span = Number(plot.dataset.span);
    const output = plot.parentElement.querySelector("output");
    const cursor = plot.querySelector(".cursor");
    const summary = output.textContent;
    let index = 0;

    function read(number) {
      index = Math.max(0, Math.min(points.length - 1, number));
      const [seconds, used] = points[index];
      const x = 8 + (704 * seconds) / span;
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      cursor.classList.add("on");
      const value = Number(plot.dataset.value);
      output.textContent = `after ${duration(seconds)}: ${used.toLocaleString("en")} of ${value.toLocaleString("en")} used`;
    }
    function rest() {
      cursor.classList.remove("on");
      output.textContent = summary;
    }
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      const seconds = (((event.clientX - box.left) / box.width) * 720 - 8) / 704 * span;
      let last = 0;
      points.forEach((each, number) => { if (each[0] <= seconds) last = number; });
      read(last);
    });
    plot.addEventListener("pointerleave", rest);
    plot.addEventListener("blur", rest);
    plot.addEventListener("keydown", (event) => {
      const moves = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: points.length - 1, PageDown: index + 20, PageUp: index - 20 };
      if (!(event.key in moves)) return;
      event.preventDefault();
      read(cursor.classList.contains("on") ? moves[event.key] : event.key === "End" ? points.length - 1 : index);
    });
  }
})();
