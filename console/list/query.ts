// The filters of a list are its query, as the API takes them; what only the console needs is added when it is sent.

export const PER_PAGE = 50;
export const SORTS = ['last_updated_desc', 'addedon_desc', 'addedon', 'priority_desc', 'replies_desc', 'title'] as const;
const FIELDS = 'id,title,status_id,assigned_id,started_id,category_id,ticket_priority_id,last_updated,date_added,replies,unread';

export const sortOf = (query: URLSearchParams): string =>
	query.get('sort') ?? (query.has('content') ? 'relevance' : 'last_updated_desc');

export const pageOf = (query: URLSearchParams): number => Math.max(1, Number(query.get('page')) || 1);

// Without what says how the list is shown.
export const filtersOf = (query: URLSearchParams): URLSearchParams => {
	const filters = new URLSearchParams(query);
	['page', 'sort', 'per_page'].forEach(name => filters.delete(name));
	return filters;
};

export const requestOf = (query: URLSearchParams): string => {
	const request = filtersOf(query);
	request.set('sort', sortOf(query));
	request.set('per_page', String(PER_PAGE));
	request.set('include', 'users');
	request.set('fields', FIELDS + (query.has('content') ? ',snippet' : ''));
	return `tickets/${pageOf(query)}/?${request}`;
};

export const withValue = (query: URLSearchParams, name: string, value: string): string => {
	const next = new URLSearchParams(query);
	if (value === '')
		next.delete(name);
	else
		next.set(name, value);
	if (name !== 'page')
		next.delete('page');
	return `/tickets/?${next}`;
};
