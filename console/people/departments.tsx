import { useEffect, useState } from 'preact/hooks';
import { ask, get, type Problem } from '../api/client';
import type { Department } from '../api/types';
import { t } from '../i18n/t';
import { all, categories, loadLookups, openIds } from '../state/lookups';
import { usePoll } from '../state/poll';
import { hasRight, mayWrite } from '../state/session';
import { doStep } from '../state/steps';
import { say } from '../state/toasts';
import { Dialog } from '../ui/dialog';
import { asProblem, Input, Refusal } from '../ui/field';
import { Form } from '../ui/form';
import { Link } from '../ui/link';
import { Page } from '../ui/page';
import { Removal } from '../ui/removal';

type Kind = 'department' | 'category';
type Thing = { kind: Kind; id: number; name: string };
type Named = { does: 'add'; kind: Kind; in?: number } | ({ does: 'rename' } & Thing);
type Asked = Named | ({ does: 'delete' } & Thing);

const send = (asked: Named, name: string): Promise<unknown> => {
	const body = { [asked.kind]: name, ...asked.does === 'add' && asked.in ? { department_id: asked.in } : {} };
	return asked.does === 'rename' ? ask('PATCH', `${asked.kind}/${asked.id}`, { body })
		: ask('POST', asked.kind === 'department' ? 'departments/' : 'categories/', { body });
};

const NameDialog = ({ asked, onDone, onClose }: { asked: Named; onDone: () => Promise<void>; onClose: () => void }) => (
	<Dialog title={t(`${asked.kind}.${asked.does}`)} onClose={onClose}>
		<Form submit={t('text.save')} send={async fields => {
			await send(asked, fields[asked.kind]!);
			await onDone();
			say(t('done.saved'));
			onClose();
		}}>{problem => (
			<Input label={t('user.name')} name={asked.kind} required minLength={2} maxLength={30} autofocus problem={problem}
				defaultValue={asked.does === 'rename' ? asked.name : ''} />
		)}</Form>
	</Dialog>
);

interface Counts {
	category: { id: number; count: number }[];
	department: { id: number; count: number }[];
}

// How many tickets are open in each. The page does without where they cannot be had.
const useCounts = (query: string) => {
	const [counts, setCounts] = useState<Counts | null>(null);
	usePoll(async signal => setCounts(await get<Counts>(`tickets/counts?by=category,department&${query}`, signal)), 30, [query]);
	return (kind: Kind, id: number) => counts && (
		<span class="count">{t('departments.open', { n: counts[kind].find(c => c.id === id)?.count ?? 0 })}</span>
	);
};

const useDepartments = () => {
	const [list, setList] = useState<Department[] | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	const load = (): Promise<void> => Promise.all([all<Department>('departments/'), loadLookups()]).then(
		([departments]) => { setList(departments); setProblem(null); }, reason => setProblem(asProblem(reason)));
	useEffect(() => void load(), []);
	const changed = (): Promise<void> => { doStep('departments'); return load(); };
	return { list, problem, load, changed };
};

const Departments = () => {
	const [asked, setAsked] = useState<Asked | null>(null);
	const { list, problem, load, changed } = useDepartments();
	const open = `status_id=${openIds.value.join(',')}`;
	const count = useCounts(open);
	const mayChange = mayWrite() && hasRight('staff');
	const buttons = (thing: Thing) => mayChange && (
		<span class="menu">
			<button type="button" class="plain" aria-label={t('text.rename_named', { name: thing.name })}
				onClick={() => setAsked({ does: 'rename', ...thing })}>{t('text.rename')}</button>
			<button type="button" class="plain" aria-label={t('text.delete_named', { name: thing.name })}
				onClick={() => setAsked({ does: 'delete', ...thing })}>{t('text.delete')}</button>
		</span>
	);
	return (
		<Page title={t('place.departments')} actions={mayChange && (
			<button type="button" class="primary" onClick={() => setAsked({ does: 'add', kind: 'department' })}>{t('department.add')}</button>
		)}>
			<Refusal problem={problem} again={() => void load()} />
			{list?.length === 0 && <p class="empty">{t('departments.none')}</p>}
			<div aria-busy={!list && !problem}>{list?.map(department => (
				<section key={department.id} class="department" aria-label={department.department}>
					<header>
						<h2><Link to={`/tickets/?department_id=${department.id}&${open}`}>{department.department}</Link></h2>
						{count('department', department.id)}
						{buttons({ kind: 'department', id: department.id, name: department.department })}
					</header>
					<ul>{categories.value.filter(c => c.department_id === department.id).map(category => (
						<li key={category.category_id}>
							<Link to={`/tickets/?category_id=${category.category_id}&${open}`}>{category.category}</Link>
							{count('category', category.category_id)}
							{buttons({ kind: 'category', id: category.category_id, name: category.category })}
						</li>
					))}</ul>
					{mayChange && <button type="button" aria-label={t('category.add_to', { name: department.department })}
						onClick={() => setAsked({ does: 'add', kind: 'category', in: department.id })}>{t('category.add')}</button>}
				</section>
			))}</div>
			{asked && asked.does !== 'delete' && <NameDialog asked={asked} onDone={changed} onClose={() => setAsked(null)} />}
			{asked?.does === 'delete' && <Removal title={t(`${asked.kind}.delete`)} text={t('delete.text', { name: asked.name })}
				remove={() => ask('DELETE', `${asked.kind}/${asked.id}`)} onDone={changed} onClose={() => setAsked(null)} />}
		</Page>
	);
};

export default Departments;
