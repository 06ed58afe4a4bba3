// What the browser keeps of a page, and what it hears from the shop's site that shows it in a frame.
// `element` is the panel whose value says what is to be kept, `trigger` and `watch` are Gradio's.
const NAME = 'shop-assistant';
const DRAFT = `${NAME}:draft`;
const query = new URLSearchParams(location.search);
const host = query.get('embed') && window.parent !== window ? query.get('host') : null;

// Storage may be switched off, in a frame above all: then nothing lasts, and nothing else changes.
function stored(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

// ---- the conversation, over a reload ----

let arrived; // called with the first answer
const arrival = new Promise((resolve) => { arrived = resolve; });

watch('value', () => {
  arrived();
  const kept = element.querySelector('[data-kept]')?.dataset.kept;
  stored(() => (kept ? localStorage.setItem(NAME, kept) : localStorage.removeItem(NAME)));
});

const brought = {
  press: 'arrive',
  kept: stored(() => localStorage.getItem(NAME)) || '',
  item: query.get('item') || '',
  token: query.get('token') || '',
};
if (brought.kept || brought.item || brought.token) trigger('press', brought);
else arrived();

// ---- what is typed but not sent, over a reload ----

function type(words) {
  const box = document.querySelector('#box textarea');
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(box, words);
  box.dispatchEvent(new Event('input', { bubbles: true }));
}

document.addEventListener('input', ({ target }) => {
  if (target.closest('#box')) stored(() => sessionStorage.setItem(DRAFT, target.value));
});

function whenBoxIsThere(work) {
  const box = document.querySelector('#box textarea');
  box ? work(box) : requestAnimationFrame(() => whenBoxIsThere(work));
}

whenBoxIsThere((box) => {
  box.dir = 'auto';
  const draft = stored(() => sessionStorage.getItem(DRAFT));
  if (draft && !box.value) type(draft);
});
document.addEventListener('shop-assistant:asked', () => stored(() => sessionStorage.removeItem(DRAFT)));

// ---- the service cannot be reached: Gradio notices, tries every two seconds and loads the page again ----

const GONE = 'The shop cannot be reached right now. Nothing you typed is lost, and this page comes back by itself.';

async function reloadIfThere() {
  try {
    if ((await fetch(new URL('healthz', document.baseURI))).ok) location.reload();
  } catch { /* still away */ }
}

function showBanner() {
  const banner = document.createElement('div');
  banner.className = 'banner';
  banner.setAttribute('role', 'alert');
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', className: 'wish', textContent: 'Try again' });
  button.addEventListener('click', reloadIfThere);
  banner.append(GONE, button);
  document.body.append(banner);
}

new MutationObserver(() => {
  const lost = [...document.querySelectorAll('.toast-body.error')].some((toast) => /connection/i.test(toast.textContent));
  if (!lost || document.documentElement.classList.contains('cut-off')) return;
  document.documentElement.classList.add('cut-off');
  showBanner();
}).observe(document.body, { childList: true, subtree: true });

// ---- in a frame of the shop's site: `assistant/widget/widget.js` is at the other end ----

function tell(message) {
  if (host) window.parent.postMessage({ source: NAME, ...message }, host);
}

const PATIENCE = 5000; // ms for the answer to the arrival: an utterance sent earlier could overtake it

const HEARD = {
  focus: () => whenBoxIsThere((box) => box.focus()),
  ask: ({ text }) => trigger('press', { press: 'say', utterance: String(text) }),
  item: ({ id }) => trigger('press', { press: 'looking', item: String(id ?? '') }),
};

if (host) {
  document.documentElement.classList.add('embedded');
  document.addEventListener('shop-assistant:tell', ({ detail }) => tell(detail));
  document.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape' && !document.querySelector(':popover-open')) tell({ type: 'close' });
  });
  window.addEventListener('message', ({ data, origin, source }) => {
    if (source !== window.parent || origin !== host || data?.source !== NAME) return;
    if (Object.hasOwn(HEARD, data.type)) HEARD[data.type](data);
  });
  const waited = new Promise((resolve) => { setTimeout(resolve, PATIENCE); });
  Promise.race([arrival, waited]).then(() => whenBoxIsThere(() => tell({ type: 'ready' })));
}
