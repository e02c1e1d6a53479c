// What was typed and not sent, kept in this browser for each user and thing, at every key. It outlives a reload, a
// session that ended and a refused request; it goes when it was sent, discarded, or the user logs out.

import { me } from './session';

const PREFIX = 'flicket-draft';
const LIFE_MS = 30 * 24 * 3600 * 1000;

const nameOf = (thing: string): string => `${PREFIX}:${me.value?.id}:${thing}`;

// Storage may be full or forbidden: then a draft lives as long as its page.
const guarded = <T>(what: () => T): T | undefined => {
	try {
		return what();
	} catch {
		return undefined;
	}
};

export const draftOf = (thing: string): string => {
	const kept = guarded(() => localStorage.getItem(nameOf(thing)));
	return kept ? guarded(() => (JSON.parse(kept) as { text: string }).text) ?? '' : '';
};

export const keepDraft = (thing: string, text: string): void => void guarded(() => text.trim() === ''
	? localStorage.removeItem(nameOf(thing))
	: localStorage.setItem(nameOf(thing), JSON.stringify({ text, at: Date.now() })));

export const dropDraft = (thing: string): void => void guarded(() => localStorage.removeItem(nameOf(thing)));

const names = (prefix: string): string[] => guarded(() => Object.keys(localStorage).filter(k => k.startsWith(prefix))) ?? [];

// Before the user is forgotten.
export const dropDrafts = (): void => names(`${PREFIX}:${me.value?.id}:`).forEach(name => localStorage.removeItem(name));

export const dropOldDrafts = (): void => names(`${PREFIX}:`).forEach(name => {
	const at = guarded(() => (JSON.parse(localStorage.getItem(name)!) as { at: number }).at);
	if (!at || Date.now() - at > LIFE_MS)
		localStorage.removeItem(name);
});
