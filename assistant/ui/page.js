// Runs once in each panel of the page: `element` is the panel, `trigger` and `watch` are Gradio's.
// Sends presses, and keeps what a panel's own redraw would lose: open details and ticked boxes.
const ticked = new Set();
const opened = new Set();
let drawn = '';

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

element.addEventListener('click', (event) => {
  const pressed = event.target.closest('[data-press]');
  if (!pressed) return;
  const data = JSON.parse(pressed.dataset.press);
  if (data.press === 'compare') {
    data.item_ids = [...ticked];
    ticked.clear();
    restore();
  }
  trigger('press', data);
});

element.addEventListener('change', (event) => {
  const box = event.target.closest('.tick input');
  if (!box) return;
  box.checked ? ticked.add(box.value) : ticked.delete(box.value);
  restore();
});

element.addEventListener('toggle', (event) => {
  const key = event.target.dataset.key;
  event.target.open ? opened.add(key) : opened.delete(key);
}, true);

// A picture that cannot be had leaves the drawn placeholder behind it.
element.addEventListener('error', (event) => {
  if (event.target.tagName === 'IMG') event.target.remove();
}, true);

// Other cards, or a comparison: start reading at the top again.
function settle() {
  const boxes = [...element.querySelectorAll('.tick input')].map((box) => box.value);
  const now = JSON.stringify([boxes, element.querySelector('.comparison')?.textContent]);
  if (now !== drawn) {
    drawn = now;
    element.closest('.block').scrollTop = 0;
    element.querySelector('.cards')?.scrollTo({ left: 0 });
  }
}

watch('value', () => {
  restore();
  settle();
});
