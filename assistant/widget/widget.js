// The shop's assistant on any page of the shop:
//   <script src="https://assistant.shop/widget.js" data-shop="Demo Shop" defer></script>
// Adds a launcher whose panel holds the chat page in an iframe of this script's origin. A page may be as strict as
//   script-src https://assistant.shop; frame-src https://assistant.shop; style-src 'self'
// since nothing here is an inline style or script, is evaluated or fetched: the looks are constructed style sheets in a
// closed shadow root, which the page's styles cannot reach and which reach nothing of the page.
// Attributes, events and messages: docs/widget.md.
(() => {
  'use strict';

  const SERVED = {}; // put in by the server: origins that may show the chat, words by language, style
  const NAME = 'shop-assistant';
  const LONGEST = 2000; // characters of an utterance, an id or an address
  const PATIENCE = 20000; // ms until the panel says that the chat cannot be reached

  const script = document.currentScript;
  if (!script || window.ShopAssistant) {
    console.warn(`[${NAME}] Load widget.js once in a page, with <script src="…" defer>, not as a module.`);
    return;
  }
  const base = new URL('.', script.src); // the service may live below a path
  const options = { ...script.dataset };

  // ---- who may show the chat ----

  function mayShow(origin) {
    return origin === base.origin || SERVED.origins.some((entry) => {
      const [scheme, host] = entry.split('://*'); // https://*.shop.example
      return entry === '*' || entry === origin || (host && origin.startsWith(`${scheme}://`) && origin.endsWith(host));
    });
  }

  if (!mayShow(location.origin)) {
    const refuse = () => console.warn(
      `[${NAME}] ${location.origin} may not show the assistant of ${base.href}. Its operator sets ` +
      `ASSISTANT_EMBED_ORIGINS="${location.origin}" (or embed_origins in assistant.toml) and starts it again.`);
    refuse();
    window.ShopAssistant = Object.freeze({ open: refuse, close: refuse, ask: refuse, setItem: refuse });
    return;
  }

  // ---- words, in the page's language ----

  const pageLanguage = document.documentElement.lang.toLowerCase().split('-')[0];
  const language = Object.hasOwn(SERVED.words, pageLanguage) ? pageLanguage : 'en';
  const shop = options.shop || 'Shop';
  const say = (words) => SERVED.words[language][words].replace('{shop}', () => shop);

  // ---- what lasts from page to page in this tab; the conversation lasts in the storage of the iframe's own origin ----

  const KEY = `${NAME}:${base.href}`;
  const state = { open: false, unread: false };

  function remember(changes) {
    Object.assign(state, changes);
    try {
      sessionStorage.setItem(KEY, JSON.stringify(state));
    } catch { /* storage is switched off: nothing lasts */ }
  }

  function recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY));
      state.open = kept?.open === true;
      state.unread = kept?.unread === true;
    } catch { /* storage is switched off, or holds something else */ }
  }

  // ---- looks ----

  const phone = window.matchMedia('(max-width: 480px), (max-height: 480px)');
  const onScreen = new CSSStyleSheet(); // how much of a phone's screen its keyboard leaves

  function styleSheets() {
    const own = new CSSStyleSheet();
    own.replaceSync(SERVED.style);
    const chosen = new CSSStyleSheet();
    const colour = /^#([\da-f]{3}|[\da-f]{6})$/i.test(options.colour) && options.colour;
    if (colour) {
      const ink = luminance(channels(colour)) > 0.179 ? '#000' : '#fff'; // whichever has the contrast of 4.5 or more
      chosen.replaceSync(`.root.root { --accent: ${colour}; --accent-ink: ${ink}; }`);
    } else if (options.colour) {
      console.warn(`[${NAME}] data-colour is a colour like #0f6e67, not ${options.colour}.`);
    }
    return [own, chosen, onScreen];
  }

  function channels(colour) { // of #rgb, #rrggbb or rgb(r, g, b)
    if (colour.startsWith('rgb')) return colour.match(/[\d.]+/g).map(Number);
    const pairs = colour.length === 4 ? [...colour.slice(1)].map((digit) => digit + digit) : colour.match(/\w\w/g);
    return pairs.map((pair) => parseInt(pair, 16));
  }

  function luminance([red, green, blue]) { // relative, as WCAG defines it
    const [r, g, b] = [red, green, blue].map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function isDark() { // as the shop says, or else as the page's background is, or else as its colour scheme is
    if (options.theme === 'dark' || options.theme === 'light') return options.theme === 'dark';
    for (const element of [document.body, document.documentElement].filter(Boolean)) {
      const background = getComputedStyle(element).backgroundColor;
      if (background.startsWith('rgb')) {
        const [red, green, blue, alpha = 1] = channels(background);
        if (alpha > 0.5) return luminance([red, green, blue]) < 0.179;
      }
    }
    const scheme = getComputedStyle(document.documentElement).colorScheme;
    const system = window.matchMedia('(prefers-color-scheme: dark)').matches;
    return scheme.includes('dark') && (system || !scheme.includes('light'));
  }

  function fit() { // a phone's keyboard covers the panel's end: the panel is what can be seen
    const { height, offsetTop } = window.visualViewport;
    const covered = phone.matches && state.open && window.innerHeight - height > 80;
    onScreen.replaceSync(covered ? `.root { --height: ${height}px; --top: ${offsetTop}px; }` : '');
  }

  // ---- the elements: the launcher, then the panel, so that Tab goes from one into the other ----

  const ICONS = {
    bubble: 'M4 5h16v11H10l-5 4v-4H4V5Zm4 4h8M8 12h5',
    down: 'm6 9 6 6 6-6',
    cross: 'M6 6l12 12M18 6 6 18',
  };
  const SVG = 'http://www.w3.org/2000/svg';

  function filled(element, attributes, ...children) {
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    element.append(...children);
    return element;
  }

  function make(name, attributes, ...children) {
    return filled(document.createElement(name), attributes, ...children);
  }

  function icon(name) {
    const path = filled(document.createElementNS(SVG, 'path'), { d: ICONS[name] });
    const picture = { class: name, viewBox: '0 0 24 24', 'aria-hidden': 'true' };
    return filled(document.createElementNS(SVG, 'svg'), picture, path);
  }

  function build() {
    const dot = make('span', { class: 'dot', hidden: '' });
    const launcher = make('button', { type: 'button', class: 'launcher', 'aria-haspopup': 'dialog',
      'aria-controls': 'panel' }, icon('bubble'), icon('down'), dot);
    if (options.label) {
      launcher.classList.add('labelled');
      dot.before(make('span', { class: 'label', dir: 'auto' }, options.label));
    }
    const close = make('button', { type: 'button', 'aria-label': say('close'), title: say('close') }, icon('cross'));
    const notice = make('div', { class: 'notice', role: 'status' });
    const body = make('div', { class: 'body' }, notice);
    const bar = make('div', { class: 'bar' }, make('h2', {}, make('bdi', {}, shop)), close);
    const panel = make('div', { class: 'panel', id: 'panel', role: 'dialog', 'aria-label': say('title') }, bar, body);
    const said = make('div', { class: 'said', role: 'status' });
    const root = make('div', { lang: language }, launcher, panel, said);
    launcher.addEventListener('click', () => (state.open ? hide() : show()));
    close.addEventListener('click', hide);
    root.addEventListener('keydown', (event) => event.key === 'Escape' && state.open && hide());
    return { root, launcher, dot, close, notice, body, said };
  }

  let parts = null; // the elements, once they are on the page
  let shadow = null;

  function mount() {
    if (parts) return;
    parts = build();
    const host = document.createElement(NAME);
    shadow = host.attachShadow({ mode: 'closed' });
    shadow.adoptedStyleSheets = styleSheets();
    shadow.append(parts.root);
    draw();
    document.documentElement.append(host); // not in the body: its grid, transform or :last-child is none of our business
  }

  let dark = false;

  function draw() {
    dark = isDark();
    const rtl = getComputedStyle(document.documentElement).direction === 'rtl';
    const sides = { left: 'left', right: 'right', start: rtl ? 'right' : 'left' };
    const side = sides[options.position] || (rtl ? 'left' : 'right');
    const classes = ['root', side, dark && 'dark', state.open && 'open'];
    parts.root.className = classes.filter(Boolean).join(' ');
    parts.root.dir = rtl ? 'rtl' : 'ltr';
    parts.dot.hidden = !state.unread;
    parts.said.textContent = state.unread ? say('new_reply') : '';
    const label = state.open ? say('close') : options.label || say('ask');
    parts.launcher.setAttribute('aria-label', state.unread ? `${label}. ${say('new_reply')}` : label);
    parts.launcher.setAttribute('aria-expanded', String(state.open));
  }

  function notice(words, ...more) {
    const said = document.createElement('p');
    said.textContent = words;
    parts.notice.replaceChildren(said, ...more);
    parts.notice.hidden = !words;
  }

  // ---- the chat page in its iframe ----

  let frame = null; // made when the panel is opened for the first time
  let listening = false; // the chat page has said so
  let timer = 0;
  let item = options.item || null;
  const unsent = []; // messages for a chat page that does not listen yet

  function address() {
    const page = new URL(base);
    page.search = new URLSearchParams({
      embed: '1', host: location.origin, __theme: dark ? 'dark' : 'light',
      ...(item && { item }), ...(options.token && { token: options.token }),
    });
    return page.href;
  }

  function load() {
    if (frame) return;
    notice(say('opening'));
    frame = make('iframe', { class: 'waiting', title: say('title'), referrerpolicy: 'origin', src: address() });
    parts.body.append(frame);
    timer = setTimeout(unreachable, PATIENCE);
  }

  function unreachable() {
    console.warn(`[${NAME}] The chat page at ${base.href} does not answer, or refuses to be shown by this page.`);
    frame.remove();
    frame = null;
    const retry = make('button', { type: 'button' }, say('retry'));
    retry.addEventListener('click', () => {
      load();
      enter();
    });
    notice(say('unreachable'), retry);
  }

  function enter() {
    if (!listening || phone.matches) { // on a phone the focus in the chat would bring up the keyboard unasked
      parts.close.focus();
      return;
    }
    frame.focus();
    tell({ type: 'focus' });
  }

  function tell(message) {
    if (listening) frame.contentWindow.postMessage({ source: NAME, ...message }, base.origin);
    else unsent.push(message);
  }

  function heardReady() {
    clearTimeout(timer);
    listening = true;
    notice('');
    frame.classList.remove('waiting');
    if ([parts.close, frame].includes(shadow.activeElement)) enter();
    unsent.splice(0).forEach(tell);
  }

  // ---- opening and closing ----

  let opener = null; // what had the focus before

  function show({ focus = true } = {}) {
    mount();
    const before = state.open;
    if (!before) opener = document.activeElement;
    remember({ open: true, unread: false });
    draw();
    load();
    fit();
    if (focus) enter();
    if (!before) announce('opened', {});
  }

  function hide() {
    if (!state.open) return;
    const inside = shadow?.activeElement;
    remember({ open: false });
    mount();
    draw();
    fit();
    const back = opener?.isConnected && opener !== document.body && opener !== shadow.host ? opener : parts.launcher;
    if (inside) back.focus();
    announce('closed', {});
  }

  // ---- what the chat page says, and what the shop's page hears of it ----

  const isText = (value) => typeof value === 'string' && value.length > 0 && value.length <= LONGEST;

  function webAddress(value) {
    if (!isText(value)) return null;
    try {
      const { protocol, href } = new URL(value);
      return protocol === 'https:' || protocol === 'http:' ? href : null;
    } catch {
      return null;
    }
  }

  // False when the page has taken the matter into its own hands by preventDefault().
  function announce(name, detail) {
    return window.dispatchEvent(new CustomEvent(`${NAME}:${name}`, { detail, cancelable: true }));
  }

  function follow(url) {
    if (phone.matches) remember({ open: false }); // the panel would cover what she wants to see
    location.assign(url);
  }

  const HEARD = {
    ready: heardReady,
    close: hide,
    reply() { // an answer has come to its end
      if (state.open) return;
      remember({ unread: true });
      draw();
    },
    'item-clicked'({ id, title, url }) {
      const detail = { id, title: isText(title) ? title : null, url: webAddress(url) };
      if (isText(id) && announce('item-clicked', detail) && detail.url) follow(detail.url);
    },
    'item-selected'({ id, title }) {
      if (isText(id)) announce('item-selected', { id, title: isText(title) ? title : null });
    },
    cart({ action, lines, url }) {
      const known = ['changed', 'checkout'].includes(action) && Array.isArray(lines) && lines.length <= LONGEST;
      if (!known || !lines.every((line) => isText(line?.id) && Number.isInteger(line.quantity))) return;
      const detail = { action, lines: lines.map(({ id, quantity }) => ({ id, quantity })), url: webAddress(url) };
      if (announce('cart', detail) && action === 'checkout' && detail.url) follow(detail.url);
    },
  };

  window.addEventListener('message', ({ data, origin, source }) => {
    if (!frame || source !== frame.contentWindow || origin !== base.origin || data?.source !== NAME) return;
    if (Object.hasOwn(HEARD, data.type)) HEARD[data.type](data);
  });

  // ---- for the shop's own scripts ----

  window.ShopAssistant = Object.freeze({
    open: () => show(),
    close: hide,
    ask(text) {
      if (!isText(text)) throw new TypeError(`ask(text) takes 1 to ${LONGEST} characters`);
      show();
      tell({ type: 'ask', text });
    },
    setItem(id) {
      if (id !== null && !isText(id)) throw new TypeError('setItem(id) takes the id of an item, or null');
      item = id;
      if (frame) tell({ type: 'item', id });
    },
  });

  // ---- when the page has its own work behind it ----

  const idle = window.requestIdleCallback || ((work) => setTimeout(work, 100));

  function whenLoaded(work) {
    if (document.readyState === 'complete') work();
    else window.addEventListener('load', work, { once: true });
  }

  recall();
  window.visualViewport?.addEventListener('resize', fit);
  window.visualViewport?.addEventListener('scroll', fit);
  idle(mount, { timeout: 1500 });
  if (state.open) whenLoaded(() => idle(() => show({ focus: false }), { timeout: 1500 }));
})();
