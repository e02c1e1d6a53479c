// Texts that were typed and not sent. The browser keeps a draft for each user and thing, and saves it at every key. It
// outlives a reload, a session that ended and a refused request; it goes when the text is sent or discarded, or the
// user logs out. All tabs show the same draft.

import { me } from './session';
import { guarded } from './storage';

// A file that the desk has already and that goes with the text.
export interface DraftFile {
	id: number;
	name: string;
	image: string;
	at: number; // when it was uploaded, in ms
}

export interface Draft {
	text: string;
	at: number; // when it was kept, in ms
	seen?: number; // the newest reply when it was begun
	base?: string; // the text that it is an edit of
	files?: DraftFile[];
}

const PREFIX = 'flicket-draft';
const LIFE_MS = 30 * 24 * 3600 * 1000;
const FILE_LIFE_MS = 23 * 3600 * 1000; // files that no text took are gone after a day

const nameOf = (thing: string): string => `${PREFIX}:${me.value?.id}:${thing}`;

// Storage may be full or forbidden: then a draft lives as long as its page.
const ofThisPage = new Map<string, string>();

const parse = (kept: string | null | undefined): Draft | null => {
	const draft = kept ? guarded(() => JSON.parse(kept) as Draft) : null;
	if (!draft || typeof draft.text !== 'string')
		return null;
	return { ...draft, files: draft.files?.filter(file => Date.now() - file.at < FILE_LIFE_MS) };
};

export const draftOf = (thing: string): Draft | null =>
	parse(guarded(() => localStorage.getItem(nameOf(thing))) ?? ofThisPage.get(nameOf(thing)));

export const dropDraft = (thing: string): void => {
	ofThisPage.delete(nameOf(thing));
	guarded(() => localStorage.removeItem(nameOf(thing)));
};

export const keepDraft = (thing: string, draft: Omit<Draft, 'at'>): void => {
	if (draft.text.trim() === '' && !draft.files?.length)
		return dropDraft(thing);
	const kept = JSON.stringify({ ...draft, at: Date.now() } satisfies Draft);
	if (guarded(() => { localStorage.setItem(nameOf(thing), kept); return true; }))
		ofThisPage.delete(nameOf(thing));
	else
		ofThisPage.set(nameOf(thing), kept);
};

// Calls back when another tab has changed the draft; returns a function that ends that.
export const followDraft = (thing: string, changed: (draft: Draft | null) => void): () => void => {
	const onStorage = (event: StorageEvent): void => {
		if (event.key === nameOf(thing))
			changed(parse(event.newValue));
	};
	addEventListener('storage', onStorage);
	return () => removeEventListener('storage', onStorage);
};

const names = (prefix: string): string[] => guarded(() => Object.keys(localStorage).filter(k => k.startsWith(prefix))) ?? [];

export const dropDrafts = (user: number): void => {
	ofThisPage.clear();
	names(`${PREFIX}:${user}:`).forEach(name => localStorage.removeItem(name));
};

export const dropOldDrafts = (): void => names(`${PREFIX}:`).forEach(name => {
	const at = guarded(() => (JSON.parse(localStorage.getItem(name)!) as Draft).at);
	if (!at || Date.now() - at > LIFE_MS)
		localStorage.removeItem(name);
});
