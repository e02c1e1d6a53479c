import { useEffect, useState } from 'preact/hooks';
import { get, type Problem } from '../api/client';
import type { User } from '../api/types';
import { number, t } from '../i18n/t';
import { openIds } from '../state/lookups';
import { asProblem, Refusal } from '../ui/field';
import { Link } from '../ui/link';
import { Avatar } from '../ui/person';
import { Page } from '../ui/page';

const Person = ({ id }: { id: number }) => {
	const [user, setUser] = useState<User | null>(null);
	const [counts, setCounts] = useState<number[]>([]);
	const [problem, setProblem] = useState<Problem | null>(null);
	const open = `status_id=${openIds.value.join(',')}`;
	const lists = [
		{ name: 'person.assigned', query: `assigned_id=${id}&${open}` },
		{ name: 'person.reported_open', query: `created_id=${id}&${open}` },
		{ name: 'person.reported', query: `created_id=${id}` },
	] as const;
	const load = (): void => void Promise.all([
		get<User>(`user/${id}?fields=id,name,username,email,job_title,avatar,disabled`),
		get<{ views: number[] }>(`tickets/counts?${new URLSearchParams(lists.map(l => ['views', l.query]))}`),
	]).then(([u, c]) => { setUser(u); setCounts(c.views); setProblem(null); }, reason => setProblem(asProblem(reason)));
	useEffect(load, []);
	if (!user)
		return <Page title={t('place.people')}><Refusal problem={problem} again={load} /></Page>;
	return (
		<Page title={user.name}>
			<div class="profile">
				<Avatar user={user} />
				<dl>
					<dt>{t('user.username')}</dt><dd>{user.username} {user.disabled && <span class="pill closed">{t('user.disabled')}</span>}</dd>
					<dt>{t('user.email')}</dt><dd><a href={`mailto:${encodeURIComponent(user.email)}`}>{user.email}</a></dd>
					<dt>{t('user.job_title')}</dt><dd>{user.job_title}</dd>
				</dl>
			</div>
			<ul class="cards">{lists.map((list, i) => (
				<li key={list.name}><Link class="card" to={`/tickets/?${list.query}`}><b>{counts[i] === undefined ? '…' : number(counts[i])}</b><span>{t(list.name)}</span></Link></li>
			))}</ul>
		</Page>
	);
};

export default Person;
