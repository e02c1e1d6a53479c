// A list without tickets, and the ways out of it.
import type { Problem } from '../api/client';
import { t } from '../i18n/t';
import { go } from '../state/router';
import { mayWrite } from '../state/session';
import { standardView } from '../state/views';
import { explain } from '../ui/field';
import { Link } from '../ui/link';
import { atPage, isShown, pageOf, withValue } from './query';
import { filtersInWords, labelOf } from './words';

const drop = (query: URLSearchParams, name: string) => (): void => {
	go(withValue(query, name, ''));
	document.getElementById('main')?.focus({ preventScroll: true });
};

export const Empty = ({ query }: { query: URLSearchParams }) => {
	const words = query.get('content'), filters = filtersInWords(query);
	if (isShown(standardView('mine').query))
		return (
			<div class="empty">
				<h2>{t('list.none_mine')}</h2>
				<Link class="button" to={`/tickets/?${standardView('unassigned').query}`}>{t('view.unassigned')}</Link>
			</div>
		);
	return (
		<div class="empty">
			<h2>{words ? t('list.none_found', { text: words }) : filters.length ? t('list.none') : t('list.none_at_all')}</h2>
			{filters.length > 1 && <div class="actions">{filters.map(({ name, label, value }) => (
				<button key={name} type="button" onClick={drop(query, name)}>{t('filter.drop', { name: label })}: <bdi>{value}</bdi></button>
			))}</div>}
			<div class="actions">
				{filters.length > 0 && <Link class="button" to="/tickets/">{t('list.show_all')}</Link>}
				{filters.length === 0 && mayWrite() && <Link class="button primary" to="/new">{t('new.title')}</Link>}
			</div>
		</div>
	);
};

// Says why a list is missing or old. The user can drop a filter that the desk does not understand.
export const Trouble = ({ query, problem, again }: { query: URLSearchParams; problem: Problem; again: () => void }) => {
	const page = pageOf(query);
	if (problem.status === 404 && page > 1)
		return (
			<div class="empty" role="alert">
				<h2>{t('list.no_page', { n: page })}</h2>
				<div class="actions">
					<button type="button" onClick={() => go(atPage(query, 1))}>{t('pages.first')}</button>
				</div>
			</div>
		);
	const isOfFilter = problem.status === 400 && query.has(problem.field);
	return (
		<div class="refusal" role="alert">
			<span>{explain(problem)}</span>
			{isOfFilter && <button type="button" onClick={drop(query, problem.field)}>{t('filter.drop', { name: labelOf(problem.field) })}</button>}
			<button type="button" onClick={again}>{t('problem.again')}</button>
		</div>
	);
};
