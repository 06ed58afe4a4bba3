// Runs once in each panel of the page: `element` is the panel, `trigger` and `watch` are Gradio's.
// Sends presses, opens what a citation leads to, and keeps what a panel's own redraw would lose.
const ticked = new Set();
const opened = new Set();
let drawn = '';
let wasBusy = false;

const tellHost = (message) => document.dispatchEvent(new CustomEvent('shop-assistant:tell', { detail: message }));

function restore() {
  const boxes = [...element.querySelectorAll('.tick input')];
  const shown = new Set(boxes.map((box) => box.value));
  ticked.forEach((id) => shown.has(id) || ticked.delete(id));
  boxes.forEach((box) => { box.checked = ticked.has(box.value); });
  element.querySelectorAll('details').forEach((details) => { details.open = opened.has(details.dataset.key); });
  const bar = element.querySelector('.compare-bar');
  if (bar) {
    bar.hidden = ticked.size < 2;
    bar.querySelector('.ticked').textContent = ticked.size;
  }
}

// A citation: the field of the record that the claim was checked against, opened, in view and marked.
function showField(item, field) {
  const card = document.querySelector(`#picks .card[data-item="${CSS.escape(item)}"]`);
  const row = card?.querySelector(`[data-field="${CSS.escape(field)}"]`);
  if (!row) return;
  row.closest('details').open = true;
  document.querySelectorAll('.cited').forEach((other) => other.classList.remove('cited'));
  row.classList.add('cited');
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: 'center', inline: 'center', behavior: 'smooth' });
}

function send(pressed, event) {
  const data = JSON.parse(pressed.dataset.press);
  if (data.press === 'compare') {
    data.item_ids = [...ticked];
    ticked.clear();
    restore();
  }
  if (data.part === 'details' && pressed.parentElement.open) return; // it is being closed
  if (data.part === 'page' && document.documentElement.classList.contains('embedded')) {
    event.preventDefault(); // the shop's own page goes there, not the frame
    tellHost({ type: 'item-clicked', id: data.item_id, title: pressed.textContent, url: pressed.href });
  }
  if (data.press === 'wish') pressed.closest('[popover]')?.hidePopover();
  trigger('press', data);
}

// In a frame, the shop's own page follows the cart and takes it over. What it knows already lasts over a reload.
const TOLD = 'shop-assistant:cart';
let inCart = [];
try {
  inCart = JSON.parse(sessionStorage.getItem(TOLD)) || [];
} catch { /* storage is switched off */ }

function followCart(lines) {
  const sent = lines.map(({ id, quantity }) => ({ id, quantity }));
  const added = lines.filter(({ id }) => !inCart.some((line) => line.id === id));
  if (JSON.stringify(sent) === JSON.stringify(inCart)) return;
  inCart = sent;
  try {
    sessionStorage.setItem(TOLD, JSON.stringify(sent));
  } catch { /* storage is switched off */ }
  added.forEach(({ id, title }) => tellHost({ type: 'item-selected', id, title }));
  tellHost({ type: 'cart', action: 'changed', lines: sent });
}

function checkOut(link, event) {
  if (!document.documentElement.classList.contains('embedded')) return;
  event.preventDefault();
  tellHost({ type: 'cart', action: 'checkout', lines: inCart, url: link.href });
}

element.addEventListener('click', (event) => {
  const checkout = event.target.closest('[data-checkout]');
  if (checkout) checkOut(checkout, event);
  const cited = event.target.closest('.cite');
  if (cited) {
    event.preventDefault();
    showField(cited.dataset.item, cited.dataset.field);
  }
  const pressed = event.target.closest('[data-press]');
  if (pressed) send(pressed, event);
});

element.addEventListener('change', (event) => {
  const box = event.target.closest('.tick input');
  if (!box) return;
  box.checked ? ticked.add(box.value) : ticked.delete(box.value);
  restore();
});

element.addEventListener('toggle', (event) => {
  const key = event.target.dataset.key;
  if (key) event.target.open ? opened.add(key) : opened.delete(key);
}, true);

// A picture that cannot be had leaves the drawn placeholder behind it.
element.addEventListener('error', (event) => {
  if (event.target.tagName === 'IMG') event.target.remove();
}, true);

// Other cards, or a comparison: start reading at the top again.
function settle() {
  const shown = [...element.querySelectorAll('.card')].map((card) => card.dataset.item);
  const now = JSON.stringify([shown, element.querySelector('.comparison')?.textContent]);
  if (now !== drawn) {
    drawn = now;
    element.closest('.block').scrollTop = 0;
    element.querySelector('.cards')?.scrollTo({ left: 0 });
  }
}

// The conversation: the newest utterance stays in view while its answer grows below it.
function follow(log) {
  const said = [...log.querySelectorAll('.user.message')].at(-1);
  const scroller = element.closest('.block');
  const end = scroller.scrollHeight - scroller.clientHeight;
  const top = said ? said.offsetTop - 14 : end;
  scroller.scrollTop = Math.min(end, top);
  const busy = log.getAttribute('aria-busy') === 'true';
  if (!wasBusy && busy) document.dispatchEvent(new Event('shop-assistant:asked'));
  if (wasBusy && !busy) tellHost({ type: 'reply' });
  wasBusy = busy;
}

watch('value', () => {
  restore();
  settle();
  const lines = element.querySelector('[data-lines]')?.dataset.lines;
  if (lines) followCart(JSON.parse(lines));
  const log = element.querySelector('.log');
  if (log) follow(log);
});
