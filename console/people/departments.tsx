import { useState } from 'preact/hooks';
import { ask, get, type Problem } from '../api/client';
import { number, t } from '../i18n/t';
import { categories, departments, loadLookups, openIds } from '../state/lookups';
import { usePoll } from '../state/poll';
import { hasRight } from '../state/session';
import { asProblem, Input, Refusal } from '../ui/field';
import { Confirm, Dialog } from '../ui/dialog';
import { Link } from '../ui/link';
import { attempt, Page } from '../ui/page';

type Thing = { kind: 'department' | 'category'; id: number; name: string };
type Asked = { does: 'add'; kind: Thing['kind']; in?: number } | ({ does: 'rename' | 'delete' } & Thing);

const NameDialog = ({ asked, onClose }: { asked: Exclude<Asked, { does: 'delete' }>; onClose: () => void }) => {
	const [problem, setProblem] = useState<Problem | null>(null);
	const submit = async (event: Event): Promise<void> => {
		event.preventDefault();
		const name = String(new FormData(event.currentTarget as HTMLFormElement).get(asked.kind));
		const body = { [asked.kind]: name, ...asked.does === 'add' && asked.in ? { department_id: asked.in } : {} };
		try {
			await (asked.does === 'rename' ? ask('PATCH', `${asked.kind}/${asked.id}`, { body })
				: ask('POST', asked.kind === 'department' ? 'departments/' : 'categories/', { body }));
			await loadLookups();
			onClose();
		} catch (reason) {
			setProblem(asProblem(reason));
		}
	};
	return (
		<Dialog title={t(`${asked.kind}.${asked.does}`)} onClose={onClose}>
			<form onSubmit={submit}>
				<Refusal problem={problem && !problem.of(asked.kind) ? problem : null} />
				<Input label={t('user.name')} name={asked.kind} required minLength={2} maxLength={30} autofocus problem={problem}
					defaultValue={asked.does === 'rename' ? asked.name : ''} />
				<button class="primary">{t('text.save')}</button>
			</form>
		</Dialog>
	);
};

interface Counts {
	category: { id: number; count: number }[];
	department: { id: number; count: number }[];
}

const Departments = () => {
	const [asked, setAsked] = useState<Asked | null>(null);
	const [counts, setCounts] = useState<Counts | null>(null);
	const open = `status_id=${openIds.value.join(',')}`;
	usePoll(async signal => setCounts(await get<Counts>(`tickets/counts?by=category,department&${open}`, signal)), 30, [open]);
	const of = (list: 'category' | 'department', id: number): string => counts ? number(counts[list].find(c => c.id === id)?.count ?? 0) : '…';
	const isStaff = hasRight('staff');
	const buttons = (thing: Thing) => isStaff && (
		<span class="menu">
			<button type="button" class="plain" onClick={() => setAsked({ does: 'rename', ...thing })}>{t('text.rename')}</button>
			<button type="button" class="plain" onClick={() => setAsked({ does: 'delete', ...thing })}>{t('text.delete')}</button>
		</span>
	);
	const remove = async (thing: Thing): Promise<void> => {
		setAsked(null);
		if (await attempt(() => ask('DELETE', `${thing.kind}/${thing.id}`), t('done.saved')))
			await loadLookups();
	};
	return (
		<Page title={t('place.departments')} actions={isStaff && (
			<button type="button" class="primary" onClick={() => setAsked({ does: 'add', kind: 'department' })}>{t('department.add')}</button>
		)}>
			{departments.value.length === 0 && <p class="empty">{t('departments.none')}</p>}
			{departments.value.map(department => (
				<section key={department.id} class="department">
					<header>
						<h2><Link to={`/tickets/?department_id=${department.id}&${open}`}>{department.department}</Link> <span class="count">{of('department', department.id)}</span></h2>
						{buttons({ kind: 'department', id: department.id, name: department.department })}
					</header>
					<ul>{categories.value.filter(c => c.department_id === department.id).map(category => (
						<li key={category.category_id}>
							<Link to={`/tickets/?category_id=${category.category_id}&${open}`}>{category.category}</Link> <span class="count">{of('category', category.category_id)}</span>
							{buttons({ kind: 'category', id: category.category_id, name: category.category })}
						</li>
					))}</ul>
					{isStaff && <button type="button" onClick={() => setAsked({ does: 'add', kind: 'category', in: department.id })}>{t('category.add')}</button>}
				</section>
			))}
			{asked && asked.does !== 'delete' && <NameDialog asked={asked} onClose={() => setAsked(null)} />}
			{asked?.does === 'delete' && <Confirm title={t(`${asked.kind}.delete`)} text={t('delete.text', { name: asked.name })} yes={t('text.delete')}
				onYes={() => void remove(asked)} onNo={() => setAsked(null)} />}
		</Page>
	);
};

export default Departments;
