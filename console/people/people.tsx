import { useRef } from 'preact/hooks';
import { t } from '../i18n/t';
import { useKeys } from '../state/keys';
import { Refusal } from '../ui/field';
import { Link } from '../ui/link';
import { Page, Pager } from '../ui/page';
import { Avatar } from '../ui/person';
import { usePeople } from './search';

const People = () => {
	const search = useRef<HTMLInputElement>(null);
	const { list, items, problem, load, text, find, turn } = usePeople('/users/');
	useKeys([{ keys: '/', does: 'people.find_key', run: () => search.current?.focus() }]);
	return (
		<Page title={t('place.people')} actions={
			<input ref={search} type="search" aria-label={t('people.find')} placeholder={t('people.find')} value={text} maxLength={100}
				onInput={event => find(event.currentTarget.value)} />
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
			<Pager list={list} onPage={turn} />
		</Page>
	);
};

export default People;
