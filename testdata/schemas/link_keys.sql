-- Two levels in which the inner key travels inside composite foreign keys to tables whose own key is single; links carry both ends.
create table "Organization" (id text primary key, name text not null);
create table "Workspace" (id text primary key, "organizationId" text not null references "Organization");
create table "Team" (id text primary key, "organizationId" text not null references "Organization", name text not null);
create table "WorkspaceTeam" ("workspaceId" text not null references "Workspace", "teamId" text not null references "Team", primary key ("workspaceId", "teamId"));
create table "Directory" (id text primary key, "organizationId" text not null references "Organization");
create table "DirectoryWorkspace" ("directoryId" text not null references "Directory", "workspaceId" text not null references "Workspace", primary key ("directoryId", "workspaceId"));
create table "Survey" (id text primary key, "workspaceId" text not null references "Workspace", "createdBy" text, unique (id, "workspaceId"));
create table "Response" (id text primary key, "surveyId" text not null references "Survey", data jsonb not null);
create table "Source" (id text primary key, "workspaceId" text not null references "Workspace", "directoryId" text not null references "Directory", unique (id, "workspaceId"),
  foreign key ("directoryId", "workspaceId") references "DirectoryWorkspace");
create table "Mapping" (id text primary key, source_id text not null, "workspaceId" text not null, "surveyId" text not null,
  foreign key (source_id, "workspaceId") references "Source" (id, "workspaceId"), foreign key ("surveyId", "workspaceId") references "Survey" (id, "workspaceId"));
create table "Webhook" (id text primary key, "workspaceId" text not null references "Workspace", "surveyIds" text[]);
create table "Membership" ("userId" text not null, "organizationId" text not null references "Organization", primary key ("userId", "organizationId"));
create table "OrganizationBilling" (organization_id text primary key references "Organization", plan text not null);
