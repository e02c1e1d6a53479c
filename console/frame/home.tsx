// What to do next: an agent's open work; on a new desk, the first three steps; and how the desk stands.

import { useState } from 'preact/hooks';
import { get } from '../api/client';
import { number, t } from '../i18n/t';
import { departments, statuses } from '../state/lookups';
import { usePoll } from '../state/poll';
import { hasRight, me, session } from '../state/session';
import { counts, standard } from '../state/views';
import { Link } from '../ui/link';

interface Facets {
	total: number;
	department_status: { department_id: number; status_id: number; count: number }[];
}

const Card = ({ name, query }: { name: string; query: string }) => (
	<li><Link to={`/tickets/?${query}`} class="card">
		<b>{counts.value.has(query) ? number(counts.value.get(query)!) : '…'}</b><span>{name}</span>
	</Link></li>
);

// A bar for each status, with its number as text below.
const Standing = ({ facets }: { facets: Facets }) => {
	const of = (department: number, status: number): number =>
		facets.department_status.find(c => c.department_id === department && c.status_id === status)?.count ?? 0;
	const rows = departments.value.map(d => ({ ...d, counts: statuses.value.map(s => of(d.id, s.id)) }));
	const most = Math.max(1, ...rows.map(row => row.counts.reduce((a, b) => a + b, 0)));
	return (
		<section class="standing">
			<h2 id="standing">{t('home.standing')}</h2>
			<div class="scroll" role="region" aria-labelledby="standing" tabIndex={0}>
				<table>
					<thead><tr><th scope="col">{t('ticket.department')}</th>
						{statuses.value.map(s => <th key={s.id} scope="col" class="number">{s.status}</th>)}
						<th><span class="hidden">{t('home.share')}</span></th></tr></thead>
					<tbody>{rows.map(row => (
						<tr key={row.id}>
							<th scope="row">{row.department}</th>
							{row.counts.map((count, i) => (
								<td key={i} class="number">
									<Link to={`/tickets/?department_id=${row.id}&status_id=${statuses.value[i]!.id}`}>{number(count)}</Link>
								</td>
							))}
							<td class="bars"><svg viewBox="0 0 100 8" preserveAspectRatio="none" width="100%" height="8" aria-hidden="true">
								{row.counts.map((count, i) => (
									<rect key={i} class={`bar${i % 5}`} y="0" height="8" width={count * 100 / most}
										x={row.counts.slice(0, i).reduce((a, b) => a + b, 0) * 100 / most} />
								))}
							</svg></td>
						</tr>
					))}</tbody>
				</table>
			</div>
		</section>
	);
};

const FirstSteps = () => (
	<section class="first">
		<h2>{t('home.first')}</h2>
		<ol>
			<li><Link to="/departments/">{t('home.first.departments')}</Link></li>
			<li><Link to="/admin/users">{t('home.first.people')}</Link></li>
			<li><Link to="/new">{t('home.first.ticket')}</Link></li>
		</ol>
	</section>
);

export const Home = () => {
	const [facets, setFacets] = useState<Facets | null>(null);
	usePoll(async signal => setFacets(await get<Facets>('tickets/counts?by=department_status', signal)), 30, [me.value?.id]);
	document.title = `${t('home.title')} – ${session.value!.title}`;
	return (
		<main id="main" class="page home" tabIndex={-1}>
			<h1>{t('home.greeting', { name: me.value!.name })}</h1>
			{facets?.total === 0 && hasRight('admin') && <FirstSteps />}
			<ul class="cards">{standard.value.slice(0, 6).map(view => <Card key={view.key} name={t(view.name)} query={view.query} />)}</ul>
			{facets && facets.total > 0 && <Standing facets={facets} />}
		</main>
	);
};
