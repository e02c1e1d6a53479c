// A list that is kept at the side under a name, or changed there.
import { useState } from 'preact/hooks';
import type { Problem } from '../api/client';
import type { View } from '../api/types';
import { t } from '../i18n/t';
import { hasRight } from '../state/session';
import { say } from '../state/toasts';
import { changeView, mayChange, saved, saveView } from '../state/views';
import { Dialog } from '../ui/dialog';
import { asProblem, Input, Refusal, Select } from '../ui/field';
import { viewOf } from './query';

const MOST_LETTERS = 60;

export const SaveView = ({ query, shown, onClose }: { query: URLSearchParams; shown: View | undefined; onClose: () => void }) => {
	const own = saved.value.filter(mayChange);
	const [replaced, setReplaced] = useState(shown && mayChange(shown) ? shown : undefined);
	const [problem, setProblem] = useState<Problem | null>(null);
	const submit = async (event: Event): Promise<void> => {
		event.preventDefault();
		const fields = new FormData(event.currentTarget as HTMLFormElement);
		const name = String(fields.get('name')).trim(), isShared = fields.has('shared');
		try {
			if (replaced)
				await changeView(replaced.id, { name, query: viewOf(query), shared: isShared });
			else
				await saveView(name, viewOf(query), isShared);
			say(t('view.was_saved'));
			onClose();
		} catch (reason) {
			setProblem(asProblem(reason));
		}
	};
	return (
		<Dialog title={t('view.save')} onClose={onClose}>
			<form onSubmit={submit}>
				<Refusal problem={problem?.of('name') ? null : problem} />
				{own.length > 0 && (
					<Select label={t('view.as')} name="view" value={replaced ? String(replaced.id) : ''}
						onChange={event => setReplaced(own.find(view => String(view.id) === event.currentTarget.value))}>
						<option value="">{t('view.as_new')}</option>
						{own.map(view => <option key={view.id} value={view.id}>{t('view.instead', { name: view.name })}</option>)}
					</Select>
				)}
				<Input key={`name${replaced?.id}`} label={t('view.name')} name="name" required maxLength={MOST_LETTERS} autofocus problem={problem}
					defaultValue={replaced?.name ?? ''} />
				{hasRight('staff') && (
					<label key={`shared${replaced?.id}`} class="check">
						<input type="checkbox" name="shared" defaultChecked={replaced?.shared ?? false} /> {t('view.shared')}
					</label>
				)}
				<div class="actions">
					<button class="primary">{t('text.save')}</button>
					<button type="button" onClick={onClose}>{t('dialog.cancel')}</button>
				</div>
			</form>
		</Dialog>
	);
};
