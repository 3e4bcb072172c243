// Clicking a column header sorts the table; without scripts the table keeps its order, best first.
for (const table of document.querySelectorAll("table.results")) {
  table.querySelectorAll("th[data-key]").forEach((th) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener("click", () => {
      const down = th.getAttribute("aria-sort") !== "descending";
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => {
        const text = row.dataset[th.dataset.key];
        return text === "" ? -Infinity : Number(text);
      };
      const body = table.tBodies[0];
      [...body.rows].sort((a, b) => (down ? value(b) - value(a) : value(a) - value(b)) || 0).forEach((row) => body.append(row));
    });
  });
}
