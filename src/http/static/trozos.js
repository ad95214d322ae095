// What the pages can do with a script: change by themselves, search while one types, copy commands, give orders. They work
// without it.
const $ = (id) => document.getElementById(id);
const language = document.documentElement.lang;
const words = JSON.parse(document.body.dataset.words);

const filled = (name, values) =>
  (words[name] ?? '').replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);

function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  for (; unit < 5 && bytes >= (unit ? 999.5 : 1000); unit += 1) bytes /= 1000;
  const digits = unit && bytes < 99.95 ? 1 : 0;
  const text = bytes.toFixed(digits);
  return `${language === 'es' ? text.replace('.', ',') : text} ${units[unit]}`;
}

function time(seconds) {
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

const path = (name) => name.split('/').map(encodeURIComponent).join('/');

function say(text) {
  $('avisos').textContent = text;
}

// Writes what is new into the parts of a row.
function fill(row, values) {
  for (const part of row.querySelectorAll('[data-f]')) {
    const text = String(values[part.dataset.f] ?? '');
    if (part.tagName === 'PROGRESS') part.value = Number(text);
    else if (part.textContent !== text) part.textContent = text;
  }
}

// Brings a table up to date; rows stay where they are, and so does what has the focus.
function table(body, template, rows, change) {
  const old = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  for (const [key, value] of Object.entries(rows)) {
    let row = old.get(key);
    if (!row) {
      row = $(template).content.firstElementChild.cloneNode(true);
      row.dataset.key = key;
      body.append(row);
    }
    old.delete(key);
    change(row, value, key);
  }
  old.forEach((row) => row.remove());
  body.closest('section').classList.toggle('empty', body.rows.length === 0);
}

// ---- What happens, as the server tells it.

let state = {};
let password;

// RFC 7396.
function patched(target, patch) {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const result = { ...(target && typeof target === 'object' ? target : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = patched(result[key], value);
  }
  return result;
}

function secondary(row, it, number) {
  fill(row, {
    number, address: it.address, state: words[it.state], rate: `${size(it.bytes_per_s)}/s`,
    missing: it.missing ? filled('missing', { count: it.missing }) : '',
  });
  row.querySelector('[data-f=state]').dataset.state = it.state;
  const button = row.querySelector('[data-order]');
  button.hidden = !password || it.state === 'down';
  button.textContent = it.state === 'draining' ? words.work : words.drain;
}

function download(row, it) {
  const whole = it.bytes ?? 0;
  const sent = Math.min(it.sent_bytes, whole);
  const share = whole ? Math.floor((sent * 100) / whole) : 100;
  const far = [`${share} %`, size(sent)];
  if (it.bytes_per_s > 0) {
    far.push(`${size(it.bytes_per_s)}/s`);
    if (sent < whole) far.push(filled('left', { time: time((whole - sent) / it.bytes_per_s) }));
  }
  const secondaries = it.secondaries.join(', ');
  fill(row, {
    file: it.file, share, far: far.join(' · '), via: words[it.via],
    from: secondaries ? filled('from', { secondaries }) : '',
  });
  row.querySelector('a').href = `/p/${path(it.file)}`;
}

function central(row, it, node) {
  fill(row, {
    node, address: it.address, state: words[it.state], behind: it.behind, term: it.term ?? '',
  });
  row.querySelector('[data-f=state]').dataset.state = it.state;
  row.querySelector('[data-order]').hidden = !password || it.state !== 'ready';
}

function show() {
  const { status, secondaries } = state;
  const known = Object.keys(secondaries).length;
  const all = Math.max(status.required, known);
  const mood = !status.ready ? 'none' : status.level && status.alive === all ? 'good' : 'some';
  $('salud').dataset.mood = mood;
  $('salud').firstElementChild.textContent = filled(mood, { alive: status.alive, all });
  fill($('cifras'), { ...status, rate: `${size(status.bytes_per_s)}/s` });
  table($('secundarios'), 'nuevo-secundario', secondaries, secondary);
  table($('descargas'), 'nueva-descarga', state.downloads, download);
  table($('cola'), 'nueva-espera', state.queue, (row, it, key) =>
    fill(row, { file: it.file, position: Number(key) }));
  if ($('centrales')) table($('centrales'), 'nuevo-central', state.centrals ?? {}, central);
}

// What is worth an interruption of whoever listens to the page.
function announce(before) {
  for (const [number, { state: now }] of Object.entries(state.secondaries)) {
    const was = before.secondaries[number]?.state;
    if (now === 'down' && was && was !== 'down') say(filled('lost', { number }));
    if (now !== 'down' && was === 'down') say(filled('returned', { number }));
  }
  for (const [id, { file, via }] of Object.entries(before.downloads)) {
    if (!state.downloads[id] && via !== 'copy') say(filled('ended', { file }));
  }
}

function changed(next) {
  const before = state;
  state = next;
  show();
  if (!before.status) return;
  announce(before);
  if (before.catalogue !== state.catalogue) refresh();
  if (password && before.status.clients !== state.status.clients) clients();
}

let events;
let again;

function listen() {
  clearTimeout(again);
  events?.close();
  events = undefined;
  if (document.hidden) return;
  events = new EventSource('/api/v1/events');
  events.addEventListener('snapshot', ({ data }) => changed(JSON.parse(data)));
  events.addEventListener('patch', ({ data }) => changed(patched(state, JSON.parse(data))));
  // The answer was none: another central reigns by now, and the page of this one says which.
  events.addEventListener('error', () => {
    if (events.readyState === EventSource.CLOSED) again = setTimeout(() => location.reload(), 2000);
  });
  // There are too many pages, or the server stops: ask now and then.
  events.addEventListener('bye', () => {
    events.close();
    again = setTimeout(listen, 10000);
  });
}

// ---- The catalogue: the server makes it, this puts it in the place of the old one.

let late;

async function load(address, isWanted) {
  const answer = await fetch(address, { headers: { 'Accept-Language': language, Accept: 'text/html' } });
  if (!answer.ok || !isWanted()) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const fresh = page.getElementById('lista');
  if (fresh) $('lista').replaceWith(document.adoptNode(fresh));
}

function refresh() {
  clearTimeout(late);
  // Rows do not move below somebody's finger.
  if ($('lista').contains(document.activeElement)) late = setTimeout(refresh, 5000);
  else load(location.href, () => true);
}

function search() {
  clearTimeout(late);
  const asked = $('buscar').value;
  late = setTimeout(() => {
    const address = new URL('/', location.href);
    for (const [key, value] of new FormData($('buscador'))) {
      if (value) address.searchParams.set(key, value);
    }
    history.replaceState(null, '', address);
    load(address, () => asked === $('buscar').value);
  }, 200);
}

// ---- Orders. The password is nowhere but here, and gone with the page.

// Given again under the same key, an order is done once, whatever became of the first answer.
async function ask(method, address, body) {
  const bytes = new TextEncoder().encode(`admin:${password}`);
  const headers = {
    Accept: 'application/json', 'Accept-Language': language, 'Content-Type': 'application/json', 'X-Trozos': '1',
    Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}`,
  };
  if (method !== 'GET') headers['Idempotency-Key'] = [...crypto.getRandomValues(new Uint32Array(4))].join('-');
  const request = { method, headers, credentials: 'omit', redirect: 'manual', body: body && JSON.stringify(body) };
  const once = () => fetch(address, request);
  const answer = await once().catch(() => new Promise((tried) => { setTimeout(tried, 1000); }).then(once));
  // Another central reigns, which this password is not for before its user has seen its page.
  if (answer.type === 'opaqueredirect') location.reload();
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.title);
  return said;
}

function told(text, isBad) {
  $('dicho').textContent = text;
  $('dicho').toggleAttribute('data-bad', isBad);
}

async function order(method, address, body) {
  try {
    const said = await ask(method, address, body);
    told(words.done, false);
    return said;
  } catch (error) {
    told(`${words.failed}: ${error.message}`, true);
    return undefined;
  }
}

async function clients() {
  const rows = {};
  for (const client of (await ask('GET', '/api/v1/clients')).clients) rows[client.name] = client;
  table($('clientes'), 'nuevo-cliente', rows, (row, it) =>
    fill(row, { name: it.name, doing: filled('doing', it) }));
}

async function unlock(event) {
  event.preventDefault();
  password = $('contrasena').value;
  try {
    await clients();
    $('max').value = (await ask('GET', '/api/v1/limits')).limits.max_downloads;
    $('entrar').hidden = true;
    $('mandos').hidden = false;
    told(words.unlocked, false);
    show();
  } catch (error) {
    password = undefined;
    told(error.message, true);
  }
}

function pressed({ target }) {
  const key = target.closest('tr')?.dataset.key;
  if (target.dataset.order === 'drain') {
    const method = state.secondaries[key].state === 'draining' ? 'DELETE' : 'POST';
    order(method, `/api/v1/secondaries/${key}/drain`);
  } else if (target.dataset.order === 'expel' && confirm(filled('sure', { name: key }))) {
    order('POST', `/api/v1/clients/${encodeURIComponent(key)}/expel`).then(clients);
  } else if (target.dataset.order === 'migrate' && confirm(filled('takeover', { name: key }))) {
    order('POST', '/api/v1/centrals/migrate', { to: key }).then((said) => {
      if (said) told(filled('moved', { name: said.migrated.to }), false);
    });
  }
}

// ---- Commands.

async function copy({ target }) {
  const field = $(target.dataset.copy);
  field.select();
  let done = false;
  try {
    // Only where the page came by TLS or from this machine.
    await navigator.clipboard.writeText(field.value);
    done = true;
  } catch {
    done = document.execCommand('copy');
  }
  say(done ? words.copied : words.select);
  target.textContent = done ? words.copied : words.select;
}

for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false;
  button.addEventListener('click', copy);
}
if ($('vivo')) {
  $('buscar').addEventListener('input', search);
  listen();
  document.addEventListener('visibilitychange', listen);
  $('vivo').addEventListener('click', pressed);
}
if ($('entrar')) {
  $('entrar').hidden = false;
  $('entrar').addEventListener('submit', unlock);
  $('limites').addEventListener('submit', (event) => {
    event.preventDefault();
    order('POST', '/api/v1/limits', { max_downloads: Number($('max').value) });
  });
}
