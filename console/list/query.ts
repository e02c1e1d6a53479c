// The query of a list is its filters, as the API takes them; the request adds what only the console needs.

import { pathOf, place, queryOf } from '../state/router';

export const PER_PAGE = 50;
export const SORTS = ['last_updated_desc', 'last_updated', 'addedon_desc', 'addedon', 'priority_desc', 'replies_desc', 'title'] as const;
const FIELDS = 'id,title,status_id,assigned_id,started_id,category_id,ticket_priority_id,last_updated,date_added,replies,unread';
const SHOWING = ['page', 'sort', 'per_page'];

export const sortOf = (query: URLSearchParams): string =>
	query.get('sort') || (query.get('content') ? 'relevance' : 'last_updated_desc');

export const pageOf = (query: URLSearchParams): number => {
	const page = Math.floor(Number(query.get('page')));
	return Number.isSafeInteger(page) && page > 0 ? page : 1;
};

// The filters alone, without page and order. An empty value filters nothing.
export const filtersOf = (query: URLSearchParams): URLSearchParams =>
	new URLSearchParams([...query].filter(([name, value]) => value !== '' && !SHOWING.includes(name)));

const sorted = (query: URLSearchParams): string => {
	const filters = filtersOf(query);
	filters.sort();
	return filters.toString();
};

// Whether the page is a list with these filters, in whatever order.
export const isShown = (query: string): boolean =>
	pathOf(place.value).startsWith('/tickets') && sorted(queryOf(place.value)) === sorted(new URLSearchParams(query));

// The part of a query that a saved list keeps: its filters, and its order if it names one.
export const viewOf = (query: URLSearchParams): string => {
	const view = filtersOf(query);
	if (query.get('sort'))
		view.set('sort', query.get('sort')!);
	return view.toString();
};

export const requestOf = (query: URLSearchParams): string => {
	const request = filtersOf(query);
	request.set('sort', sortOf(query));
	request.set('per_page', String(PER_PAGE));
	request.set('include', 'users');
	request.set('fields', FIELDS + (query.get('content') ? ',snippet' : ''));
	return `tickets/${pageOf(query)}/?${request}`;
};

export const listAt = (query: URLSearchParams): string => {
	const text = query.toString();
	return text ? `/tickets/?${text}` : '/tickets/';
};

export const searchFor = (words: string): string => listAt(new URLSearchParams(words.trim() ? { content: words.trim() } : {}));

export const ticketNumber = (text: string): string | undefined => /^#?0*(\d{1,18})$/.exec(text.trim())?.[1];

// The list with other filters begins at its first page.
export const changed = (query: URLSearchParams, values: Record<string, string>): URLSearchParams => {
	const next = new URLSearchParams(query);
	for (const [name, value] of Object.entries(values)) {
		next.delete(name);
		if (value !== '')
			next.set(name, value);
	}
	if (!('page' in values))
		next.delete('page');
	return next;
};

export const withValues = (query: URLSearchParams, values: Record<string, string>): string => listAt(changed(query, values));

export const withValue = (query: URLSearchParams, name: string, value: string): string => withValues(query, { [name]: value });

export const atPage = (query: URLSearchParams, page: number): string => withValue(query, 'page', page > 1 ? String(page) : '');
