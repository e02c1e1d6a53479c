// The desk speaks English, and names bounds and values. In another language the kind of a fault is told.

import { isKey, language, t } from './t';

export const faultText = (code: string, message: string): string => {
	const key = `fault.${code}`;
	return language.value === 'en' ? message : isKey(key) ? t(key) : t('refusal.other', { code: code || '?' });
};

// What a search left out, in the desk's words or in general ones.
export const noteText = (note: string): string => language.value === 'en' ? note : t('search.note');
