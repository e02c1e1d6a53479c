import type { Ticket, User } from '../api/types';
import { number, t, type Key } from '../i18n/t';
import { openIds } from '../state/lookups';
import { hasRight, mayWrite } from '../state/session';
import { Refusal } from '../ui/field';
import { Link } from '../ui/link';
import { Page, useAnswer, useList } from '../ui/page';
import { Avatar } from '../ui/person';
import { StatusPill } from '../ui/pill';
import { Time } from '../ui/time';

const SHOWN = 10;

// The newest tickets of a list, and the way to all of them.
const Tickets = ({ name, query }: { name: Key; query: string }) => {
	const { list, items, problem, load } = useList<Ticket>(
		`tickets/?${query}&sort=last_updated_desc&per_page=${SHOWN}&fields=id,title,status_id,last_updated`);
	return (
		<section class="work" aria-label={t(name)} aria-busy={!list && !problem}>
			<h2><Link to={`/tickets/?${query}`}>{t(name)}</Link> <span class="count">{list && number(list._meta.total_items)}</span></h2>
			<Refusal problem={problem} again={() => void load()} />
			{list && !items.length && <p class="quiet">{t('person.no_tickets')}</p>}
			<ul>{items.map(ticket => (
				<li key={ticket.id}>
					<Link to={`/ticket/${ticket.id}`}><span class="quiet">#{ticket.id}</span> {ticket.title}</Link>
					<StatusPill id={ticket.status_id} />
					<Time at={ticket.last_updated} />
				</li>
			))}</ul>
		</section>
	);
};

const Person = ({ id }: { id: number }) => {
	const { answer: user, problem, load } = useAnswer<User>(`user/${id}?fields=id,name,username,email,job_title,avatar,disabled`);
	if (problem?.status === 404)
		return <Page title={t('person.missing', { id: String(id) })}><p><Link to="/users/" class="button">{t('person.list')}</Link></p></Page>;
	if (!user)
		return <Page title={t('place.people')}><div aria-busy={!problem}><Refusal problem={problem} again={() => void load()} /></div></Page>;
	const open = `status_id=${openIds.value.join(',')}`;
	return (
		<Page title={user.name} actions={mayWrite() && hasRight('admin') && (
			<Link class="button" to={`/admin/users?${new URLSearchParams({ q: user.username })}`}>{t('text.edit')}</Link>
		)}>
			<div class="profile">
				<Avatar user={user} />
				<dl>
					<dt>{t('user.username')}</dt><dd>{user.username} {user.disabled && <span class="pill closed">{t('user.disabled')}</span>}</dd>
					<dt>{t('user.email')}</dt><dd>{user.email && <a href={`mailto:${encodeURIComponent(user.email)}`}>{user.email}</a>}</dd>
					{user.job_title && <><dt>{t('user.job_title')}</dt><dd>{user.job_title}</dd></>}
				</dl>
			</div>
			<Tickets name="person.assigned" query={`assigned_id=${id}&${open}`} />
			<Tickets name="person.reported" query={`created_id=${id}`} />
		</Page>
	);
};

export default Person;
