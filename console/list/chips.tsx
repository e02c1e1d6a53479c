import { useEffect } from 'preact/hooks';
import { t } from '../i18n/t';
import { go } from '../state/router';
import { Icon } from '../ui/icon';
import { IN_MENUS } from './menus';
import { withValue } from './query';
import { filtersInWords, meetNamed } from './words';

// Each filter with a button that drops it. Filters of the menus show here only where the menus have no room.
export const Chips = ({ query }: { query: URLSearchParams }) => {
	useEffect(() => meetNamed(query), [query.toString()]);
	const shown = filtersInWords(query);
	return shown.length === 0 ? null : (
		<ul class="chips" aria-label={t('filter.active')}>{shown.map(({ name, label, value }) => (
			<li key={name} class={IN_MENUS.includes(name) ? 'narrow' : ''}>
				<span>{label}: <b><bdi>{value}</bdi></b></span>
				<button type="button" class="plain" aria-label={t('filter.drop', { name: label })} onClick={() => {
					go(withValue(query, name, ''));
					document.getElementById('main')?.focus({ preventScroll: true });
				}}><Icon name="close" /></button>
			</li>
		))}</ul>
	);
};
