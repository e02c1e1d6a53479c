// What the user may do here, so that nobody is offered what would be refused. The desk decides; this only hides.
import type { Ticket } from '../api/types';
import { hasRight, mayWrite, me } from '../state/session';

const isMe = (id: number | null): boolean => id !== null && id === me.value?.id;

export const mayEdit = (author: number): boolean => mayWrite() && (isMe(author) || hasRight('admin'));
export const mayClose = (ticket: Ticket): boolean =>
	mayWrite() && (isMe(ticket.started_id) || isMe(ticket.assigned_id) || hasRight('admin'));
export const mayRelease = (ticket: Ticket): boolean => mayWrite() && (isMe(ticket.assigned_id) || hasRight('admin'));
export const mayDelete = (): boolean => mayWrite() && hasRight('admin');
export const mayUnfollow = (user: number): boolean => mayWrite() && (isMe(user) || hasRight('staff'));
