import { t } from '../i18n/t';
import type { User } from '../api/types';
import { place, queryOf, stay } from '../state/router';
import { Link } from '../ui/link';
import { Avatar } from '../ui/person';
import { Page, Pager, Refusal, useList } from '../ui/page';

const People = () => {
	const query = queryOf(place.value);
	const text = query.get('q') ?? '', page = Number(query.get('page') ?? 1);
	const request = new URLSearchParams({ sort: 'name', per_page: '50', page: String(page), fields: 'id,name,username,email,job_title,avatar,disabled', ...text ? { q: text } : {} });
	const { list, items, problem, load } = useList<User>(`users/?${request}`);
	const show = (next: Record<string, string>): void => stay(`/users/?${new URLSearchParams(Object.entries(next).filter(([, value]) => value !== ''))}`);
	return (
		<Page title={t('place.people')} actions={
			<input type="search" aria-label={t('people.find')} placeholder={t('people.find')} value={text} autofocus
				onInput={event => show({ q: event.currentTarget.value })} />
		}>
			<Refusal problem={problem} again={() => void load()} />
			<table class="plain" aria-busy={!list}>
				<caption class="hidden">{t('place.people')}</caption>
				<thead><tr><th>{t('user.name')}</th><th>{t('user.username')}</th><th class="wide">{t('user.email')}</th><th class="wide">{t('user.job_title')}</th></tr></thead>
				<tbody>{items.map(user => (
					<tr key={user.id} class={user.disabled ? 'disabled' : ''}>
						<td><Link to={`/user/${user.id}`} class="person"><Avatar user={user} /><span class="name">{user.name}</span></Link></td>
						<td>{user.username}{user.disabled && <span class="pill closed">{t('user.disabled')}</span>}</td>
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
