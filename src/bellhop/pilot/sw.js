'use strict';
/* Keeps the page's own files for when the router is not in reach; no answer of it is kept. */
const NAME = 'bellhop-1', FILES = [ '/', '/pilot.css', '/pilot.js', '/qr.js', '/icon.svg', '/pilot.webmanifest', '/words/en.json', '/words/de.json', '/words/fr.json', '/words/keys.json' ];

self.addEventListener('install', event => event.waitUntil(caches.open(NAME).then(kept =>
	Promise.all(FILES.map(name => kept.add(name).catch(() => 0)))).then(() => self.skipWaiting())));
self.addEventListener('activate', event => event.waitUntil(caches.keys().then(names =>
	Promise.all(names.filter(name => name != NAME).map(name => caches.delete(name)))).then(() => self.clients.claim())));
self.addEventListener('fetch', event => {
	const path = new URL(event.request.url).pathname;
	if (event.request.method != 'GET' || !FILES.includes(path))
		return;
	event.respondWith(fetch(event.request).then(answer => {
		if (answer.ok) {
			const copy = answer.clone();
			event.waitUntil(caches.open(NAME).then(kept => kept.put(path, copy)));
		}
		return answer;
	}).catch(() => caches.match(path)));
});
self.addEventListener('notificationclick', event => {
	event.notification.close();
	event.waitUntil(self.clients.matchAll({ type: 'window' }).then(pages => pages.length ? pages[0].focus() : self.clients.openWindow('/')));
});
