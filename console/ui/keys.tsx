import { t } from '../i18n/t';
import { singleKeys } from '../state/settings';

export const Keys = ({ of }: { of: string }) => <>{of.split(' ').map((key, i) => <kbd key={i}>{key}</kbd>)}</>;

export const SingleKeys = () => (
	<label class="check">
		<input type="checkbox" checked={singleKeys.value === 'on'}
			onChange={event => { singleKeys.value = event.currentTarget.checked ? 'on' : 'off'; }} />
		{' '}{t('help.single')}
	</label>
);
