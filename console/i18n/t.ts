// Words in the language of the user. English is part of the program; another language is one more file (fr.json),
// with the same keys, which tests compare. A value with forms for numbers has those of Intl.PluralRules.

import { signal } from '@preact/signals';
import english from './en.json';

type Forms = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;
type Words = Record<string, string | Forms>;
export type Key = keyof typeof english;
export const isKey = (key: string): key is Key => key in english;

const others: Record<string, () => Promise<{ default: unknown }>> = {
	fr: () => import('./fr.json'),
};

export const languages = ['en', ...Object.keys(others)];
export const language = signal('en');

let words: Words = english;
let plural = new Intl.PluralRules('en');

// The language that the user chose, else the first of the browser's that there is.
export const choose = (chosen: string | null | undefined): string =>
	[chosen ?? '', ...navigator.languages].map(l => l.slice(0, 2).toLowerCase()).find(l => languages.includes(l)) ?? 'en';

export const speak = async (next: string): Promise<void> => {
	words = next === 'en' ? english : { ...english, ...(await others[next]!()).default as Words };
	plural = new Intl.PluralRules(next);
	document.documentElement.lang = next;
	language.value = next;
};

export const t = (key: Key, values: Record<string, string | number> = {}): string => {
	const found = words[key]!;
	const form = typeof found === 'string' ? found : found[plural.select(Number(values.n))] ?? found.other;
	void language.value; // a part that shows the text is drawn again in another language
	return form.replace(/\{(\w+)\}/g, (all, name: string) => {
		const value = values[name];
		return value === undefined ? all : typeof value === 'number' ? number(value) : value;
	});
};

// A format takes longer to make than to use: each language makes it once.
export const perLanguage = <Format>(make: (locale: string) => Format): (() => Format) => {
	const made = new Map<string, Format>();
	return () => {
		const format = made.get(language.value) ?? make(language.value);
		made.set(language.value, format);
		return format;
	};
};

const numbers = perLanguage(locale => new Intl.NumberFormat(locale));

export const number = (n: number): string => numbers().format(n);
