import { useRef } from 'preact/hooks';
import type { User } from '../api/types';
import { t } from '../i18n/t';
import { useKeys } from '../state/keys';
import { place, queryOf, stay } from '../state/router';
import { Link } from '../ui/link';
import { Page, Pager, Refusal, useList } from '../ui/page';
import { Avatar } from '../ui/person';

const People = () => {
	const search = useRef<HTMLInputElement>(null);
	const query = queryOf(place.value);
	const text = query.get('q') ?? '', page = Math.max(1, Math.trunc(Number(query.get('page'))) || 1);
	const request = new URLSearchParams({ sort: 'name', per_page: '50', page: String(page),
		fields: 'id,name,username,email,job_title,avatar,disabled', ...text.trim() ? { q: text } : {} });
	const { list, items, problem, load } = useList<User>(`users/?${request}`);
	const show = (next: Record<string, string>): void =>
		stay(`/users/?${new URLSearchParams(Object.entries(next).filter(([, value]) => value !== ''))}`);
	useKeys([{ keys: '/', does: 'people.find_key', run: () => search.current?.focus() }]);
	return (
		<Page title={t('place.people')} actions={
			<input ref={search} type="search" aria-label={t('people.find')} placeholder={t('people.find')} value={text} maxLength={100}
				onInput={event => show({ q: event.currentTarget.value })} />
		}>
			<Refusal problem={problem} again={() => void load()} />
			<p class="quiet" role="status">{list && t('people.total', { n: list._meta.total_items })}</p>
			<table class="plain" aria-busy={!list && !problem}>
				<caption class="hidden">{t('place.people')}</caption>
				<thead><tr><th>{t('user.name')}</th><th>{t('user.username')}</th><th class="wide">{t('user.email')}</th><th class="wide">{t('user.job_title')}</th></tr></thead>
				<tbody>{items.map(user => (
					<tr key={user.id} class={user.disabled ? 'disabled' : ''}>
						<td><Link to={`/user/${user.id}`} class="person"><Avatar user={user} /><span class="name">{user.name}</span></Link></td>
						<td>{user.username} {user.disabled && <span class="pill closed">{t('user.disabled')}</span>}</td>
						<td class="wide">{user.email}</td><td class="wide">{user.job_title}</td>
					</tr>
				))}</tbody>
			</table>
			{list && !items.length && <p class="empty">{t('people.none')}</p>}
			<Pager list={list} onPage={to => show({ q: text, page: String(to) })} />
		</Page>
	);
};

export default People;
