// Single keys. They do nothing while somebody types or composes, with Alt, Ctrl or Meta, or while a dialog is open,
// and can be switched off (WCAG 2.1.4). Each page names its keys; help shows those of the page below it.

import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Key } from '../i18n/t';
import { singleKeys } from './settings';

export interface Binding {
	keys: string; // one key, or two in a row: 'g m'
	does: Key;
	run: () => void;
}

const SECOND_KEY_MS = 1500;
interface Layer {
	current: Binding[];
	isFrame: boolean;
}

const layers = new Set<Layer>();
let first = '';
let firstAt = 0;

// Changes when the keys of another page count.
export const layersChanged = signal(0);

// The page's own come before those of the frame around it.
export const bindings = (): Binding[] => {
	const seen = new Map<string, Binding>();
	const all = [...layers].reverse();
	for (const layer of [...all.filter(l => !l.isFrame), ...all.filter(l => l.isFrame)])
		for (const binding of layer.current)
			if (!seen.has(binding.keys))
				seen.set(binding.keys, binding);
	return [...seen.values()];
};

export const useKeys = (own: Binding[], isFrame = false): void => {
	const layer = useRef<Layer>({ current: own, isFrame });
	layer.current.current = own;
	useLayoutEffect(() => {
		const { current } = layer;
		layers.add(current);
		layersChanged.value++;
		return () => { layers.delete(current); layersChanged.value++; };
	}, []);
};

const isTyping = (target: EventTarget | null): boolean => target instanceof Element && target.closest(
	'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], [role=combobox]') !== null;

const find = (key: string, at: number): Binding | undefined => {
	const pair = first && at - firstAt < SECOND_KEY_MS ? `${first} ${key}` : '';
	const all = bindings();
	first = '';
	const found = all.find(b => b.keys === pair) ?? all.find(b => b.keys === key);
	if (!found && all.some(b => b.keys.startsWith(`${key} `))) {
		first = key;
		firstAt = at;
	}
	return found;
};

const REPEATED = ['j', 'k', 'J', 'K'];

// The letter on the key where the layout has no Latin ones.
const nameOf = (event: KeyboardEvent): string => {
	const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
	const isLatin = event.key.length !== 1 || event.key.charCodeAt(0) < 0x250;
	return isLatin || !letter ? event.key : event.shiftKey ? letter : letter.toLowerCase();
};

// A dialog or a list of suggestions has another use for Escape.
const leaveField = (event: KeyboardEvent): void => {
	if (event.key !== 'Escape' || event.isComposing || event.defaultPrevented || !isTyping(event.target) || document.querySelector('dialog[open]'))
		return;
	event.preventDefault(); // the browser would empty a search field
	(event.target as HTMLElement).blur();
};

addEventListener('keydown', event => {
	leaveField(event);
	const name = nameOf(event);
	if (singleKeys.value === 'off' || event.ctrlKey || event.metaKey || event.altKey || event.isComposing
		|| event.defaultPrevented || (event.repeat && !REPEATED.includes(name)) || isTyping(event.target) || document.querySelector('dialog[open]'))
		return;
	const found = find(name, event.timeStamp);
	if (!found)
		return;
	event.preventDefault();
	found.run();
});
