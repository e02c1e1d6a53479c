import { useState } from 'preact/hooks';
import { ask, type Problem } from '../api/client';
import type { User } from '../api/types';
import { t } from '../i18n/t';
import { asProblem, Input, Refusal } from '../ui/field';
import { Confirm, Dialog } from '../ui/dialog';
import { Icon } from '../ui/icon';
import { attempt, Page, Pager, useList } from '../ui/page';
import { Avatar } from '../ui/person';
import { PersonPicker } from '../ui/pickers';
import { Tabs } from './tabs';

interface Group {
	id: number;
	group_name: string;
	total_members: number;
}

const FIXED = ['flicket_admin', 'super_user'];

const Members = ({ group, onChange }: { group: Group; onChange: () => void }) => {
	const [page, setPage] = useState(1);
	const { list, items, problem, load } = useList<User>(`group/${group.id}/members/?per_page=50&page=${page}`);
	const run = async (what: () => Promise<unknown>): Promise<void> => {
		if (await attempt(what, t('done.saved'))) {
			await load();
			onChange();
		}
	};
	return (
		<>
			<Refusal problem={problem} again={() => void load()} />
			<ul class="followers">{items.map(user => (
				<li key={user.id}><span class="person"><Avatar user={user} /><span class="name">{user.name}</span></span>
					<button type="button" class="plain" aria-label={t('group.remove', { name: user.name })}
						onClick={() => void run(() => ask('DELETE', `group/${group.id}/member/${user.id}`))}><Icon name="close" /></button></li>
			))}</ul>
			<Pager list={list} onPage={setPage} />
			<PersonPicker label={t('group.add_member')} value={null} onChoose={user => void run(() => ask('POST', `group/${group.id}/members/`, { body: { user_id: user.id } }))} />
		</>
	);
};

const NameDialog = ({ group, onClose, onDone }: { group: Group | null; onClose: () => void; onDone: () => void }) => {
	const [problem, setProblem] = useState<Problem | null>(null);
	const submit = async (event: Event): Promise<void> => {
		event.preventDefault();
		const body = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement));
		try {
			await (group ? ask('PATCH', `group/${group.id}`, { body }) : ask('POST', 'groups/', { body }));
			onDone();
			onClose();
		} catch (reason) {
			setProblem(asProblem(reason));
		}
	};
	return (
		<Dialog title={group ? t('text.rename') : t('group.add')} onClose={onClose}>
			<form onSubmit={submit}>
				<Refusal problem={problem && !problem.field ? problem : null} />
				<Input label={t('user.name')} name="group_name" defaultValue={group?.group_name} required minLength={3} maxLength={64} autofocus problem={problem} />
				<button class="primary">{t('text.save')}</button>
			</form>
		</Dialog>
	);
};

const Groups = () => {
	const { items, problem, load } = useList<Group>('groups/?per_page=100');
	const [shown, setShown] = useState<number | null>(null);
	const [asked, setAsked] = useState<{ does: 'name'; group: Group | null } | { does: 'delete'; group: Group } | null>(null);
	const remove = async (group: Group): Promise<void> => {
		setAsked(null);
		if (await attempt(() => ask('DELETE', `group/${group.id}`), t('done.saved')))
			await load();
	};
	return (
		<Page title={t('admin.groups')} actions={<button type="button" class="primary" onClick={() => setAsked({ does: 'name', group: null })}>{t('group.add')}</button>}>
			<Tabs />
			<Refusal problem={problem} again={() => void load()} />
			{items.map(group => (
				<section key={group.id} class="department">
					<header>
						<h2><button type="button" class="plain" aria-expanded={shown === group.id} onClick={() => setShown(shown === group.id ? null : group.id)}>
							<Icon name={shown === group.id ? 'down' : 'right'} /> {group.group_name}</button> <span class="count">{t('group.members', { n: group.total_members })}</span></h2>
						{!FIXED.includes(group.group_name) && (
							<span class="menu">
								<button type="button" class="plain" onClick={() => setAsked({ does: 'name', group })}>{t('text.rename')}</button>
								<button type="button" class="plain" onClick={() => setAsked({ does: 'delete', group })}>{t('text.delete')}</button>
							</span>
						)}
					</header>
					{shown === group.id && <Members group={group} onChange={() => void load()} />}
				</section>
			))}
			{asked?.does === 'name' && <NameDialog group={asked.group} onClose={() => setAsked(null)} onDone={() => void load()} />}
			{asked?.does === 'delete' && <Confirm title={t('group.delete')} text={t('delete.text', { name: asked.group.group_name })} yes={t('text.delete')}
				onYes={() => void remove(asked.group)} onNo={() => setAsked(null)} />}
		</Page>
	);
};

export default Groups;
