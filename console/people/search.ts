// Finds people by the query of the page: words, and a page of the list.

import type { User } from '../api/types';
import { pageOf } from '../list/query';
import { place, queryOf, stay } from '../state/router';
import { useList } from '../ui/page';

const FIELDS = 'id,name,username,email,job_title,avatar,disabled';

export const usePeople = (at: string, more: string[] = []) => {
	const query = queryOf(place.value), text = query.get('q') ?? '';
	const request = new URLSearchParams({ sort: 'name', per_page: '50', page: String(pageOf(query)),
		fields: [FIELDS, ...more].join(), ...text.trim() ? { q: text } : {} });
	const show = (next: Record<string, string>): void =>
		stay(`${at}?${new URLSearchParams(Object.entries(next).filter(([, value]) => value !== ''))}`);
	return { ...useList<User>(`users/?${request}`), text, find: (q: string) => show({ q }), turn: (page: number) => show({ q: text, page: String(page) }) };
};
