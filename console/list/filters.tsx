import { useState } from 'preact/hooks';
import { root } from '../api/client';
import type { View } from '../api/types';
import { t } from '../i18n/t';
import { go } from '../state/router';
import { mayWrite } from '../state/session';
import { CategoryMenu, PriorityMenu, SortMenu, StatusMenu } from './menus';
import { filtersOf, sortOf, withValues } from './query';
import { SaveView } from './save';
import { Sheet } from './sheet';

interface Props {
	query: URLSearchParams;
	view: View | undefined; // the saved list that is shown
	isSelecting: boolean;
	onSelecting: () => void;
}

const csvOf = (query: URLSearchParams): string => {
	const request = filtersOf(query);
	request.set('sort', sortOf(query));
	return `${root}flicket-api/tickets.csv?${request}`;
};

export const Filters = ({ query, view, isSelecting, onSelecting }: Props) => {
	const [shown, setShown] = useState<'all' | 'save' | null>(null);
	const menu = { query, set: (values: Record<string, string>) => go(withValues(query, values)), isLabelHidden: true };
	const count = [...filtersOf(query)].length;
	return (
		<div class="filters">
			<div class="menus"><StatusMenu {...menu} /><PriorityMenu {...menu} /><CategoryMenu {...menu} /></div>
			<SortMenu {...menu} />
			<button type="button" onClick={() => setShown('all')}>{count ? t('filter.all_n', { n: count }) : t('filter.all')}</button>
			<button type="button" class="narrow" aria-pressed={isSelecting} onClick={onSelecting}>{t('list.selecting')}</button>
			{mayWrite() && <button type="button" onClick={() => setShown('save')}>{t('view.save')}</button>}
			<a class="button" href={csvOf(query)} download="tickets.csv" aria-label={t('list.csv')}>CSV</a>
			{shown === 'all' && <Sheet query={query} onClose={() => setShown(null)} />}
			{shown === 'save' && <SaveView query={query} shown={view} onClose={() => setShown(null)} />}
		</div>
	);
};
