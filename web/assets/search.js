// Owners while their name is typed, beneath a search field; by the arrow keys, Enter and Escape too, and / goes to the
// field of the header. Without this script the forms search all the same. The list of the find page covers nothing and stays
// when the field is left: what is about to be clicked must not move. That of the header covers the page until it is left.

const PAUSE = 150; // ms after the last key

for (const input of document.querySelectorAll("[data-matches]")) live(input);

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const input = document.getElementById("search");
  input.focus();
  input.select();
});

function live(input) {
  const list = element("ul", { id: `${input.id}-matches`, class: "matches", role: "listbox", "aria-label": input.dataset.label, hidden: "" });
  const isHeader = input.id === "search";
  const count = element("p", { class: isHeader ? "visually-hidden" : "hint", role: "status" });
  input.after(list, count);
  set(input, { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" });

  let timer, request;
  let active = -1;

  function activate(index) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = index;
    const option = list.children[active];
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  function open(isOpen) {
    activate(-1);
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
  }

  function show(answer) {
    const owners = answer.owners ?? (answer.owner ? [answer.owner] : []);
    const total = new Intl.NumberFormat(document.documentElement.lang).format(answer.total ?? owners.length) + (answer.more ? "+" : "");
    list.replaceChildren(...owners.map(option));
    if (!owners.length && input.dataset.add) list.append(addition(answer.query));
    forgive();
    open(list.children.length > 0);
    count.textContent = input.dataset.matches.replace("#", total);
  }

  function clear() {
    open(false);
    count.textContent = "";
  }

  // What was wrong with the name before is not about this one.
  function forgive() {
    input.removeAttribute("aria-invalid");
    const field = input.closest(".field");
    field?.classList.remove("refused");
    field?.querySelector(".problem")?.remove();
  }

  function option(owner, index) {
    const item = element("li", { id: `${list.id}-${index}`, role: "option", "aria-selected": "false" });
    const pets = owner.pets.map((pet) => pet.name ?? pet).join(", ");
    const texts = [fullName(owner), owner.city, pets].filter(Boolean);
    item.append(...texts.map((text) => element("bdi", {}, text)));
    item.dataset.path = `/owners/${owner.id}#${owner.petId ? `pet-${owner.petId}` : "pets"}`;
    return item;
  }

  // What was not found, as a new owner.
  function addition(query) {
    const text = input.dataset.add.replace("#", () => query);
    const item = element("li", { id: `${list.id}-add`, role: "option", "aria-selected": "false" }, text);
    item.dataset.path = `/owners/new?${new URLSearchParams({ name: query })}`;
    return item;
  }

  // One request at a time: a newer one ends the one before.
  async function search() {
    clearTimeout(timer);
    request?.abort();
    request = new AbortController();
    const { signal } = request;
    const name = input.value.trim();
    if (!name) return clear();
    try {
      const url = new URL(input.form.action);
      url.searchParams.set(input.name, name);
      if (isHeader) url.searchParams.set("live", "");
      const answer = await fetch(url, { headers: { accept: "application/json" }, signal });
      if (!answer.ok) throw new Error(answer.statusText);
      show(await answer.json());
    } catch {
      if (!signal.aborted) clear();
    }
  }

  input.addEventListener("input", (event) => {
    clearTimeout(timer);
    // a syllable that is still being put together is no name yet
    if (!event.isComposing) timer = setTimeout(search, PAUSE);
  });
  input.addEventListener("compositionend", search);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const { length } = list.children;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!length) return;
      event.preventDefault();
      if (list.hidden) open(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      activate(active < 0 && step < 0 ? length - 1 : (active + step + length) % length);
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      location.assign(list.children[active].dataset.path);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      open(false);
    }
  });
  if (isHeader) input.addEventListener("blur", () => open(false));
  // the field keeps the focus while the list is used by pointer
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const item = event.target.closest("[data-path]");
    if (item) location.assign(item.dataset.path);
  });
}

// As the pages write it: 김민준 and 田中太郎 begin with the last name and have no space.
function fullName({ firstName, lastName }) {
  const unspaced = /^[\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]+$/;
  return unspaced.test(firstName) && unspaced.test(lastName) ? lastName + firstName : `${firstName} ${lastName}`;
}

function element(name, attributes, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return set(made, attributes);
}

function set(target, attributes) {
  for (const [name, value] of Object.entries(attributes)) target.setAttribute(name, value);
  return target;
}
