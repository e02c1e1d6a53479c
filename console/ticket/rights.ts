// What the user may do here, so that nobody is offered what would be refused. The desk decides; this only hides.
import type { Post, Ticket, Upload } from '../api/types';
import { hasRight, me, session } from '../state/session';

const isMe = (id: number | null): boolean => id !== null && id === me.value?.id;
const writes = (): boolean => !(session.value?.read_only ?? true);

export const mayEditTicket = (ticket: Ticket): boolean => writes() && (isMe(ticket.started_id) || hasRight('admin'));
export const mayClose = (ticket: Ticket): boolean =>
	writes() && (isMe(ticket.started_id) || isMe(ticket.assigned_id) || hasRight('admin'));
export const mayRelease = (ticket: Ticket): boolean => writes() && (isMe(ticket.assigned_id) || hasRight('admin'));
export const mayDelete = (): boolean => writes() && hasRight('admin');
export const mayEditPost = (post: Post): boolean => writes() && (isMe(post.user_id) || hasRight('admin'));
export const mayUnfollow = (user: number): boolean => writes() && (isMe(user) || hasRight('staff'));
export const mayMove = (): boolean => writes() && (session.value?.features.change_category ?? false);
export const mayWrite = writes;
export const mayDeleteUpload = (author: number, _upload: Upload): boolean => writes() && (isMe(author) || hasRight('admin'));
